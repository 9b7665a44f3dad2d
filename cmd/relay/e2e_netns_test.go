package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

// namespace is a host of its own: a network namespace with one link to this
// machine, whose other namespaces' addresses of it are behind that too. Making
// one needs root.
type namespace struct {
	t       *testing.T
	name    string
	link    string // this machine's end of the link
	address string // of this machine, as the namespace sees it
}

// namespaces is the number of the last one. Two runs of these tests at the same time
// begin at different numbers.
var namespaces atomic.Int32

func init() { namespaces.Store(int32(os.Getpid() % 40 * 6)) }

// mayMakeNetworks is false where only root may; a promise is then not shown.
func mayMakeNetworks(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		return true
	}
	if full {
		t.Fatal("only root can make a network: run this as root")
	}
	t.Log("only root can make a network: nothing was tested")
	return false
}

// newNamespace makes a namespace, which ends with the test. This machine's end
// of the link bears a name that is not taken for a container's.
func newNamespace(t *testing.T) *namespace {
	t.Helper()
	number := namespaces.Add(1)
	n := &namespace{
		t: t, name: fmt.Sprintf("relaytest%d", number),
		link: fmt.Sprintf("relaylan%d", number), address: fmt.Sprintf("10.213.%d.1", number),
	}
	_ = exec.Command(ipCommand(), "netns", "del", n.name).Run() // one that a killed test left
	n.ip("netns add " + n.name)
	t.Cleanup(func() { n.ip("netns del " + n.name) })
	n.ip(fmt.Sprintf("link add %s type veth peer name eth0 netns %s", n.link, n.name))
	n.addAddress(n.address)
	n.ip("link set " + n.link + " up")
	n.ip(fmt.Sprintf("-n %s addr add 10.213.%d.2/24 dev eth0", n.name, number))
	n.ip("-n " + n.name + " link set lo up")
	// An address that comes by itself a second later would be a change of networks
	// to the browser, which then gives up what it loads.
	n.ip("-n " + n.name + " link set eth0 addrgenmode none")
	n.linkUp()
	n.ip(fmt.Sprintf("-n %s route add 10.213.0.0/16 via %s", n.name, n.address))
	return n
}

// addAddress gives this machine another address on the link.
func (n *namespace) addAddress(address string) {
	n.t.Helper()
	n.ip(fmt.Sprintf("addr add %s/24 dev %s", address, n.link))
}

func (n *namespace) linkUp()   { n.ip("-n " + n.name + " link set eth0 up") }
func (n *namespace) linkDown() { n.ip("-n " + n.name + " link set eth0 down") }

func (n *namespace) ip(command string) {
	n.t.Helper()
	n.run("ip " + command)
}

// run runs a command of this machine's.
func (n *namespace) run(command string) {
	n.t.Helper()
	fields := strings.Fields(command)
	if output, err := exec.Command(commandPath(fields[0]), fields[1:]...).CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v: %s", command, err, output)
	}
}

// lose loses a share of the UDP packets on their way in. Those that the kernel
// carries as one are lost as one.
func (n *namespace) lose(share float64) {
	n.t.Helper()
	n.run(fmt.Sprintf("ip netns exec %s iptables -w -A INPUT -p udp -m statistic --mode random --probability %g -j DROP", n.name, share))
}

// carrySingly has each packet on the way in carried by itself.
func (n *namespace) carrySingly() {
	n.t.Helper()
	n.run("ethtool -K " + n.link + " tx-udp-segmentation off")
}

// narrow lets so many kilobits a second in, with a queue of so many milliseconds.
func (n *namespace) narrow(kbits, ms int) {
	n.t.Helper()
	n.run(fmt.Sprintf("tc qdisc add dev %s root tbf rate %dkbit burst 3100 latency %dms", n.link, kbits, ms))
}

// place is where its programs run.
func (n *namespace) place() place { return place{ipCommand(), "netns", "exec", n.name} }

// inside runs a browser in the namespace.
func (n *namespace) inside() chromedp.ExecAllocatorOption {
	return chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
		ownGroup(cmd)
		cmd.Args = append([]string{"ip", "netns", "exec", n.name, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = ipCommand()
	})
}

func ipCommand() string { return commandPath("ip") }

// commandPath finds a command by its usual place too: /usr/sbin is often not in PATH.
func commandPath(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return "/usr/sbin/" + name
}
