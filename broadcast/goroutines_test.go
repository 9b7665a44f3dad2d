package broadcast

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"relay/broadcast/udp"
)

// A goroutine is 3 to 8 kB of a viewer's memory. Those that Pion has for a
// connection with two candidates, one for each family of addresses: 4 for the
// candidates, 3 of ICE's, 4 of DTLS's, 2 of SRTP's, 2 for what nobody announced.
const maxGoroutines = 15

func TestGoroutinesOfAViewer(t *testing.T) {
	conn, err := udp.Listen(netip.AddrPortFrom(netip.IPv6Unspecified(), 0))
	if err != nil {
		t.Fatal(err)
	}
	relay := startRelay(t, conn)
	newViewer(t, relay, nil, "math").awaitConnected() // the room's own are none of them
	const viewers = 5
	var sessions []*Session
	for range viewers {
		sessions = append(sessions, joinLabelled(t, relay))
	}
	for _, s := range sessions {
		eventually(t, "the relay knows", s.wasConnected)
	}
	if n, where := labelled(t); n < viewers {
		t.Fatalf("%d viewers have %d goroutines: they are not found\n%s", viewers, n, where)
	}
	deadline := time.Now().Add(5 * time.Second) // those of the joins end
	n, where := labelled(t)
	for n > viewers*maxGoroutines && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
		n, where = labelled(t)
	}
	if n > viewers*maxGoroutines {
		t.Errorf("%d viewers have %d goroutines, want %d:\n%s", viewers, n, viewers*maxGoroutines, where)
	}
}

// label is on all goroutines that a session starts: they get it from who starts them.
const label = "relay's"

// joinLabelled lets a viewer join.
func joinLabelled(t *testing.T, relay *Relay) *Session {
	t.Helper()
	c := newClient(t, newClientAPI(t, clientSettings(), allVideo...))
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		if _, err := c.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	offer := c.offer(false)
	var answer string
	var err error
	pprof.Do(context.Background(), pprof.Labels("whose", label), func(context.Context) {
		if c.session, err = relay.Subscribe(Join{Room: "math", Remote: loopback}); err == nil {
			answer, err = c.session.Offer(offer)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	c.awaitConnected()
	return c.session
}

// labelled counts these goroutines, and says where they are.
func labelled(t *testing.T) (n int, where string) {
	t.Helper()
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for group := range strings.SplitSeq(profile.String(), "\n\n") {
		lines := bufio.NewScanner(strings.NewReader(group))
		var count int
		for lines.Scan() {
			line := lines.Text()
			if strings.HasPrefix(line, "# labels:") && strings.Contains(line, label) {
				n += count
				fmt.Fprintf(&said, "%d: %s\n", count, group)
			}
			if !strings.HasPrefix(line, "#") {
				_, _ = fmt.Sscanf(line, "%d @", &count)
			}
		}
	}
	return n, said.String()
}
