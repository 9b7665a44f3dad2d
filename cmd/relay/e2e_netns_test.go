package main

import (
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

// namespace is a host of its own: a network namespace with one link to this
// machine. Making one needs root.
type namespace struct {
	t       *testing.T
	name    string
	address string // of this machine, as the namespace sees it
}

var namespaces atomic.Int32

// newNamespace makes a namespace, which ends with the test. This machine's end
// of the link bears a name that is not taken for a container's.
func newNamespace(t *testing.T) *namespace {
	t.Helper()
	number := namespaces.Add(1)
	n := &namespace{t: t, name: fmt.Sprintf("relaytest%d", number), address: fmt.Sprintf("10.213.%d.1", number)}
	_ = exec.Command(ipCommand(), "netns", "del", n.name).Run() // one that a killed test left
	n.ip("netns add " + n.name)
	t.Cleanup(func() { n.ip("netns del " + n.name) })
	link := fmt.Sprintf("relaylan%d", number)
	n.ip(fmt.Sprintf("link add %s type veth peer name eth0 netns %s", link, n.name))
	n.ip(fmt.Sprintf("addr add %s/24 dev %s", n.address, link))
	n.ip("link set " + link + " up")
	n.ip(fmt.Sprintf("-n %s addr add 10.213.%d.2/24 dev eth0", n.name, number))
	n.ip("-n " + n.name + " link set lo up")
	n.linkUp()
	return n
}

func (n *namespace) linkUp()   { n.ip("-n " + n.name + " link set eth0 up") }
func (n *namespace) linkDown() { n.ip("-n " + n.name + " link set eth0 down") }

func (n *namespace) ip(command string) {
	n.t.Helper()
	if output, err := exec.Command(ipCommand(), strings.Fields(command)...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %s: %v: %s", command, err, output)
	}
}

// inside runs a browser in the namespace.
func (n *namespace) inside() chromedp.ExecAllocatorOption {
	return chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
		ownGroup(cmd)
		cmd.Args = append([]string{"ip", "netns", "exec", n.name, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = ipCommand()
	})
}

// ipCommand is found by its usual place too: /usr/sbin is often not in PATH.
func ipCommand() string {
	if path, err := exec.LookPath("ip"); err == nil {
		return path
	}
	return "/usr/sbin/ip"
}
