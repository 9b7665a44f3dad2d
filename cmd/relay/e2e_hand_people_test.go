package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// ws is where the relay's WebSocket for a room is.
func (r *relay) ws(path string) string {
	return strings.Replace(r.url("/ws"+path), "http", "ws", 1)
}

// h264 is all that some viewers can play.
var h264 = webrtc.RTPCodecParameters{PayloadType: 102, RTPCodecCapability: webrtc.RTPCodecCapability{
	MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
}}

// watchNamed joins as a viewer of this name, is connected, and counts what it gets. It plays
// these codecs of video; none are named: all.
func watchNamed(t *testing.T, r *relay, room, name string, codecs ...webrtc.RTPCodecParameters) *client {
	t.Helper()
	c := dialClient(t, r.ws("/pull/"+room), programs[len(name)%len(programs)])
	c.prepare = func(peer *webrtc.PeerConnection) {
		c.count(peer)
		check(t, peer.GetTransceivers()[0].SetCodecPreferences(codecs))
	}
	c.send(map[string]any{"type": "join", "name": name, "device": deviceWord(name), "codecs": []string{"video/VP8"}})
	c.await("welcome")
	c.connect(nil)
	t.Cleanup(c.close)
	return c
}

// programs are User-Agents.
var programs = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
}

// deviceWord is a device that goes with a name.
func deviceWord(name string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(name)))[:32]
}

// count counts the packets of all tracks that come.
func (c *client) count(peer *webrtc.PeerConnection) {
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			c.packets.Add(1)
		}
	})
}

// sees says, as a page does, whether the picture is seen.
func (c *client) sees(picture bool) {
	c.t.Helper()
	c.send(map[string]any{"type": "picture", "picture": picture})
}

// reportLoss sends receiver reports again and again, between those of the client's
// own: this part of the packets was lost.
func (c *client) reportLoss(part float64) {
	c.t.Helper()
	c.stillPlays()
	var reports []rtcp.Packet
	for _, receiver := range c.peer.GetReceivers() {
		track := receiver.Track()
		if track == nil || track.SSRC() == 0 {
			continue
		}
		report := rtcp.ReceptionReport{SSRC: uint32(track.SSRC()), FractionLost: uint8(256 * part)}
		reports = append(reports, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{report}})
	}
	go func() {
		for c.peer.WriteRTCP(reports) == nil {
			select {
			case <-c.frozen:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
}

// named is the text of a selector for the button of this accessible name.
func named(name string) string { return fmt.Sprintf(`button[aria-label=%q]`, name) }
