package broadcast

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/vnet"
	"github.com/pion/webrtc/v4"
)

// lossyNetwork is a network in which packets to viewers get lost once the loss
// is switched on.
type lossyNetwork struct {
	t      *testing.T
	router *vnet.Router
	hosts  int
	loss   atomic.Uint32 // per cent
	lost   atomic.Uint32
}

func newLossyNetwork(t *testing.T) *lossyNetwork {
	t.Helper()
	router, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.0.0.0/24", QueueSize: 100_000, LoggerFactory: quiet})
	if err != nil {
		t.Fatal(err)
	}
	n := &lossyNetwork{t: t, router: router}
	random, mu := rand.New(rand.NewPCG(1, 2)), sync.Mutex{}
	router.AddChunkFilter(func(c vnet.Chunk) bool {
		mu.Lock()
		defer mu.Unlock()
		toViewer := c.SourceAddr().String() == "10.0.0.1:5000" && c.DestinationAddr().(*net.UDPAddr).IP[3] > 2
		if toViewer && random.Uint32N(100) < n.loss.Load() {
			n.lost.Add(1)
			return false
		}
		return true
	})
	return n
}

func (n *lossyNetwork) host() transport.Net {
	n.t.Helper()
	n.hosts++
	host, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{fmt.Sprintf("10.0.0.%d", n.hosts)}})
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.router.AddNet(host); err != nil {
		n.t.Fatal(err)
	}
	return host
}

func (n *lossyNetwork) start() {
	n.t.Helper()
	if err := n.router.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = n.router.Stop() })
}

func TestTwentyViewersOnALossyNetwork(t *testing.T) {
	const viewers, frames, perFrame = 20, 150, 4
	network := newLossyNetwork(t)
	relayHost, publisherHost := network.host(), network.host()
	var viewerHosts []transport.Net
	for range viewers {
		viewerHosts = append(viewerHosts, network.host())
	}
	network.start()
	conn, err := relayHost.ListenPacket("udp4", "10.0.0.1:5000")
	if err != nil {
		t.Fatal(err)
	}
	relay := startRelay(t, conn)
	relay.addresses = func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.0.0.1")} }

	p := newPublisher(t, relay, publisherHost, "math", "", webrtc.MimeTypeVP8)
	var watching []*viewer
	for _, host := range viewerHosts {
		v := newViewer(t, relay, host, "math")
		v.awaitConnected()
		go v.askAgain(t.Context().Done())
		watching = append(watching, v)
	}
	eventually(t, "all viewers count", func() bool { return relay.Room("math").Viewers == viewers })
	p.frame(true, perFrame) // whoever loses the first packet of all can't know that it was sent
	for _, v := range watching {
		v.awaitPackets(perFrame)
	}
	network.loss.Store(2)
	frame := time.NewTicker(10 * time.Millisecond)
	defer frame.Stop()
	for range frames - 1 {
		p.frame(false, perFrame)
		<-frame.C
	}
	network.loss.Store(0)
	for i, v := range watching {
		p.until(fmt.Sprintf("all packets at viewer %d", i), func() bool { return hasAll(v, frames*perFrame) })
		checkUnaltered(t, v)
	}
	if network.lost.Load() < viewers*frames*perFrame/100 {
		t.Errorf("only %d packets were lost: the test tests nothing", network.lost.Load())
	}
}

// hasAll reports whether packets 1 to n arrived, by RTX or in order.
func hasAll(v *viewer, n int) bool {
	seen := map[uint32]bool{}
	for _, packet := range v.received() {
		seen[counterOf(packet)] = true
	}
	for i := 1; i <= n; i++ {
		if !seen[uint32(i)] {
			return false
		}
	}
	return true
}

// checkUnaltered fails if one number carried two contents, or what was not
// repaired is out of order.
func checkUnaltered(t *testing.T, v *viewer) {
	t.Helper()
	contents := map[uint16][2]uint32{}
	for _, packet := range v.received() {
		content := [2]uint32{counterOf(packet), packet.Timestamp}
		if before, ok := contents[packet.SequenceNumber]; ok && before != content {
			t.Fatalf("number %d carries %v and %v", packet.SequenceNumber, before, content)
		}
		contents[packet.SequenceNumber] = content
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := 1; i < len(v.media); i++ {
		if int16(v.media[i].SequenceNumber-v.media[i-1].SequenceNumber) <= 0 {
			t.Fatalf("packet %d: number %d after %d", i, v.media[i].SequenceNumber, v.media[i-1].SequenceNumber)
		}
	}
	if v.rtx == 0 {
		t.Error("nothing was repaired by RTX")
	}
}
