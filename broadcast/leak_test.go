package broadcast

import (
	"runtime"
	"testing"

	"github.com/pion/webrtc/v4"
)

// heap is what is in use after a collection, in bytes.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what has finalizers is freed by the second
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// Sessions end in four ways, and none leaves anything behind.
func TestChurnLeavesNothing(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 3)
	const rounds, joins = 4, 12
	var goroutines [rounds]int
	var bytes [rounds]uint64
	for round := range rounds {
		for i := range joins {
			// A test of its own lets go of its client's PeerConnection.
			t.Run("join", func(t *testing.T) { endOneOf(t, relay, i%4) })
		}
		eventually(t, "all sessions are gone", func() bool { return relay.Stats().Viewers == 0 })
		eventually(t, "goroutines return", func() bool {
			goroutines[round] = runtime.NumGoroutine()
			return round == 0 || goroutines[round] <= goroutines[0]
		})
		bytes[round] = heap()
	}
	if grown := int64(bytes[rounds-1]) - int64(bytes[0]); grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

func endOneOf(t *testing.T, relay *Relay, way int) {
	t.Helper()
	switch way {
	case 0: // leave
		v := newViewer(t, relay, nil, "math")
		v.awaitConnected()
		v.session.Close(ErrLeft)
		_ = v.pc.GracefulClose()
	case 1: // the socket closes before there was an offer
		s, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
		if err != nil {
			t.Fatal(err)
		}
		s.Detach()
	case 2: // half-open: the answer never arrives
		v := newViewer(t, relay, nil, "math")
		s, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Offer(v.pc.LocalDescription().SDP); err != nil {
			t.Fatal(err)
		}
		s.Detach()
		v.session.Close(ErrLeft)
	case 3: // silence
		v := newViewer(t, relay, nil, "math")
		v.awaitConnected()
		_ = v.pc.GracefulClose()
		v.session.down()
		v.session.Close(ErrSilent)
	}
}
