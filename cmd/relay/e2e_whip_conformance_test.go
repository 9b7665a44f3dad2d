package main

import (
	"bufio"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// requirement is one sentence of a standard: what is sent, and what has to come
// back. In what is sent, {names} stand for what a bench has.
type requirement struct {
	section string // "WHIP": RFC 9725, "WHEP": draft-ietf-wish-whep, "events": its core extensions
	says    string

	method string
	target string
	header []string // "Name: value"
	body   string

	status int
	// want are the header fields of the answer, "Name: " and a regular expression
	// for its whole value, or "!Name" for one that it lacks.
	want []string
	// text are regular expressions for what is in the body; those after "!" for
	// what is not.
	text []string
	// same is a regular expression of which the first group is the same wherever
	// it is found in the body: in more than one place.
	same string
	// keep is the name under which the bench has the resource that this made.
	keep string
}

// bench is a relay with a live room, and what a requirement is tried on.
type bench struct {
	t     *testing.T
	relay *relay
	has   map[string]string // what {names} stand for
}

// TestWHIPConformance tries one requirement after the other on the built relay.
func TestWHIPConformance(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBench(t)
	count := 0
	for _, group := range [][]requirement{ingest, playback, patches, crossOrigin, eventStreams, farewells} {
		for _, r := range group {
			count++
			t.Run(r.section+": "+r.says, func(t *testing.T) { b.try(t, r) })
		}
	}
	if count < 40 {
		t.Errorf("%d requirements, want 40", count)
	}
	if !t.Failed() {
		figure(t, "whip-1: %d of %d requirements of RFC 9725, draft-ietf-wish-whep and its core extensions are met over HTTP", count, count)
	}
}

// TestWHIPConformanceOfRaces: who is told that he is connected is live for a player
// who comes right then (WHEP section 4.3.8).
func TestWHIPConformanceOfRaces(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	offer := newWhipPeer(t).offer(nil)
	for _, room := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		track := screenTracks(t)[0]
		newWhipPeer(t, track).join(r.url("/whip/" + room))
		if got := exchange(t, "POST", r.url("/whep/"+room), offer, offers); got.status != http.StatusCreated {
			t.Errorf("a player right after the publisher: %d: %s", got.status, got.body)
		}
	}
}

// TestWHIPConformanceOfHTTP10: such a client may name no host (RFC 9112 section 3.2).
func TestWHIPConformanceOfHTTP10(t *testing.T) {
	t.Parallel() // it mostly waits
	base, err := url.Parse(startRelay(t).url("/whip/new"))
	check(t, err)
	conn, err := net.Dial("tcp", base.Host)
	check(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("GET /whip/new HTTP/1.0\r\n\r\n"))
	check(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	check(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		t.Errorf("without a Host: %s", response.Status)
	}
}

// newBench has a publisher and a viewer in the room live, and the offers of
// such. The room idle stays so.
func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, relay: startRelay(t, "--allow-origin", "https://school.example"), has: map[string]string{}}
	publisher := publishOverWHIP(t, b.relay.url("/whip/live"))
	viewer := newWhipPeer(t).join(b.relay.url("/whep/live"))
	b.keepSession("publisher", publisher)
	b.keepSession("viewer", viewer)
	b.keepSession("left-publisher", publishOverWHIP(t, b.relay.url("/whip/left")))
	b.keepSession("left-viewer", newWhipPeer(t).join(b.relay.url("/whep/left")))
	b.closeSessions()
	b.has["send"] = newWhipPeer(t, screenTracks(t)...).offer(nil)
	b.has["receive"] = newWhipPeer(t).offer(nil)
	b.has["large"] = strings.Repeat("a=x\r\n", 60_000)
	b.deriveOffers()
	return b
}

// closeSessions has a publisher and a viewer who close their connections. The
// relay hears of that at once: 2 s are enough on any machine, and are less than
// for what it would have to find out.
func (b *bench) closeSessions() {
	b.t.Helper()
	publisher := publishOverWHIP(b.t, b.relay.url("/whip/closed"))
	viewer := newWhipPeer(b.t).join(b.relay.url("/whep/closed"))
	b.keepSession("closed-publisher", publisher)
	b.keepSession("closed-viewer", viewer)
	check(b.t, viewer.peer.Close())
	check(b.t, publisher.peer.Close())
	time.Sleep(2 * time.Second)
}

// screenTracks are a picture and a sound of one MediaStream.
func screenTracks(t *testing.T) []webrtc.TrackLocal {
	t.Helper()
	video, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "screen")
	check(t, err)
	audio, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "screen")
	check(t, err)
	return []webrtc.TrackLocal{video, audio}
}

// keepSession notes a session's path, ETag and credentials.
func (b *bench) keepSession(name string, p *whipPeer) {
	b.t.Helper()
	location, err := url.Parse(p.session)
	check(b.t, err)
	b.has[name], b.has[name+"-etag"] = location.Path, p.etag
	local := p.peer.LocalDescription().SDP
	b.has[name+"-ufrag"] = ufragLine.FindStringSubmatch(local)[1]
	b.has[name+"-pwd"] = pwdLine.FindStringSubmatch(local)[1]
}

// deriveOffers makes from the good offers those that a client might make in
// error.
func (b *bench) deriveOffers() {
	replace := func(name, of, old, new string) {
		b.has[name] = strings.ReplaceAll(b.has[of], old, new)
		if b.has[name] == b.has[of] {
			b.t.Fatalf("the offer has no %q:\n%s", old, b.has[of])
		}
	}
	replace("send-inactive", "send", "a=sendonly", "a=inactive")
	replace("send-both-ways", "send", "a=sendonly", "a=sendrecv")
	replace("receive-both-ways", "receive", "a=recvonly", "a=sendrecv")
	replace("send-active", "send", "a=setup:actpass", "a=setup:active")
	replace("send-no-sound", "send", "m=audio 9", "m=audio 0")
	replace("send-no-picture", "send", "m=video 9", "m=video 0")
	replace("send-md5", "send", "a=fingerprint:sha-256", "a=fingerprint:md5")
	replace("send-sha-1", "send", "a=fingerprint:sha-256", "a=fingerprint:sha-1")
	replace("receive-no-sound", "receive", "m=audio 9", "m=audio 0")
	replace("receive-data", "receive", "a=group:BUNDLE 0 1", "a=group:BUNDLE 0 1 2")
	b.has["receive-data"] += dataChannel
	b.has["send-trimmed"] = strings.TrimSpace(b.has["send"])
	for _, direction := range []string{"inactive", "recvonly"} {
		b.has["send-half-"+direction] = strings.Replace(b.has["send"], "a=sendonly", "a="+direction, 1)
	}
	for _, direction := range []string{"inactive", "sendonly"} {
		b.has["receive-half-"+direction] = strings.Replace(b.has["receive"], "a=recvonly", "a="+direction, 1)
	}
	replace("send-no-bundle", "send", "a=group:BUNDLE 0 1", "a=group:BUNDLE 0")
	replace("send-no-mux", "send", "a=rtcp-mux\r\n", "")
	replace("send-two-pictures", "send", "m=audio", "m=video")
	replace("send-no-sound-codec", "send", "opus/48000/2", "speex/16000")
	b.has["send-two-streams"] = msidOfAudio.ReplaceAllString(b.has["send"], "a=msid:another audio")
	if b.has["send-two-streams"] == b.has["send"] {
		b.t.Fatalf("the offer has no msid of its audio:\n%s", b.has["send"])
	}
}

// dataChannel is a section as browsers offer it.
const dataChannel = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n"

var msidOfAudio = regexp.MustCompile(`a=msid:screen audio`)

// fill puts what the bench has into {names}.
func (b *bench) fill(text string) string {
	return names.ReplaceAllStringFunc(text, func(name string) string {
		value, ok := b.has[strings.Trim(name, "{}")]
		if !ok {
			b.t.Fatalf("the bench has no %s", name)
		}
		return value
	})
}

var names = regexp.MustCompile(`\{[a-z-]+\}`)

// try sends what the requirement says, and judges the answer.
func (b *bench) try(t *testing.T, r requirement) {
	t.Helper()
	header := make([]string, len(r.header))
	for i, line := range r.header {
		header[i] = b.fill(line)
	}
	got := exchange(t, r.method, b.relay.url(b.fill(r.target)), b.fill(r.body), header...)
	if got.status != r.status {
		t.Errorf("%s %s: %d, want %d: %s", r.method, r.target, got.status, r.status, got.body)
	}
	for _, line := range r.want {
		checkHeader(t, got.header, b.fill(line))
	}
	for _, pattern := range r.text {
		checkText(t, got.body, pattern)
	}
	if r.same != "" {
		checkSame(t, got.body, r.same)
	}
	if r.keep != "" {
		b.has[r.keep], b.has[r.keep+"-etag"] = got.header.Get("Location"), got.header.Get("ETag")
	}
}

// checkHeader wants what a line of requirement.want says.
func checkHeader(t *testing.T, header http.Header, line string) {
	t.Helper()
	if absent, ok := strings.CutPrefix(line, "!"); ok {
		if values := header.Values(absent); len(values) > 0 {
			t.Errorf("%s: %q, want none", absent, values)
		}
		return
	}
	name, pattern, _ := strings.Cut(line, ": ")
	value := strings.Join(header.Values(name), ", ")
	if !regexp.MustCompile("^(?:" + pattern + ")$").MatchString(value) {
		t.Errorf("%s: %q, want %s", name, value, pattern)
	}
}

// checkText wants what a pattern of requirement.text says.
func checkText(t *testing.T, body, pattern string) {
	t.Helper()
	pattern, absent := strings.CutPrefix(pattern, "!")
	if regexp.MustCompile("(?m)"+pattern).MatchString(body) == absent {
		t.Errorf("the body (absent: %t) %s:\n%.2000s", absent, pattern, body)
	}
}

// checkSame wants what requirement.same says.
func checkSame(t *testing.T, body, pattern string) {
	t.Helper()
	found := regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(body, -1)
	if len(found) < 2 || slices.ContainsFunc(found, func(f []string) bool { return f[1] != found[0][1] }) {
		t.Errorf("%s in the body: %q", pattern, found)
	}
}
