package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// TestMetricsOfManyRooms: what is said of a relay is in order, and does not grow
// with its rooms.
func TestMetricsOfManyRooms(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t, "--max-join-rate", "0")
	before := r.series(t)
	rooms := length(200, 1000)
	for i := range rooms {
		socket, _, err := websocket.DefaultDialer.Dial("ws"+r.url(fmt.Sprint("/ws/push/class-", i))[len("http"):], nil)
		check(t, err)
		defer socket.Close()
		check(t, socket.WriteJSON(map[string]any{"type": "join", "name": fmt.Sprint("person-", i)}))
	}
	publishOverWHIP(t, r.url("/whip/live"))
	newWhipPeer(t).join(r.url("/whep/live")).waitMedia("before the figures are read")
	waitFor(t, "all rooms", func() bool {
		_, text := answer(t, r.url("/metrics"))
		return strings.Contains(text, fmt.Sprintf("relay_rooms{state=\"idle\"} %d\n", rooms))
	})
	_, text := answer(t, r.url("/metrics"))
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("the linter: %v: %v", err, problems)
	}
	after := r.series(t)
	if after != before {
		t.Errorf("%d series, and %d with %d rooms", before, after, rooms)
	}
	for _, secret := range []string{"class-", "person-", "127.0.0.1"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in it", secret)
		}
	}
	figure(t, "access-4: %d series before and %d with %d rooms, one of them live; the linter has nothing to say of %d families",
		before, after, rooms+1, strings.Count(text, "# TYPE "))
}

// series is how many are at /metrics. The Go runtime's own depend on what it has
// done so far.
func (r *relay) series(t *testing.T) (n int) {
	t.Helper()
	_, text := answer(t, r.url("/metrics"))
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "relay_") {
			n++
		}
	}
	return n
}

// TestReadmeNamesTheMetrics: the table in README.md is what /metrics says.
func TestReadmeNamesTheMetrics(t *testing.T) {
	r := startRelay(t)
	_, text := answer(t, r.url("/metrics"))
	readme, err := os.ReadFile("../../README.md")
	check(t, err)
	var said []string
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (relay_\w+) `).FindAllStringSubmatch(text, -1) {
		said = append(said, found[1])
	}
	var written []string
	for _, found := range regexp.MustCompile("`(relay_[a-z_]+)`").FindAllStringSubmatch(string(readme), -1) {
		written = append(written, found[1])
	}
	slices.Sort(said)
	slices.Sort(written)
	if written = slices.Compact(written); !slices.Equal(said, written) {
		t.Errorf("README.md names\n%v\nand the relay says\n%v", written, said)
	}
}
