package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// loneNetwork is a network of its own that has a loopback interface only, changed
// by these commands of a shell. It ends with the test.
func loneNetwork(t *testing.T, commands ...string) place {
	t.Helper()
	name := fmt.Sprintf("relaylone%d", namespaces.Add(1))
	_ = exec.Command(ipCommand(), "netns", "del", name).Run() // one that a killed test left
	run := func(command ...string) {
		t.Helper()
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", strings.Join(command, " "), err, output)
		}
	}
	run(ipCommand(), "netns", "add", name)
	t.Cleanup(func() { run(ipCommand(), "netns", "del", name) })
	inside := place{ipCommand(), "netns", "exec", name}
	for _, command := range append([]string{"ip link set lo up"}, commands...) {
		run(append(inside, "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; "+command)...)
	}
	return inside
}

// unprivileged is a container's process: namespaces of its own, no capability, and no
// way to get one.
func (p place) unprivileged() place {
	return append(p[:len(p):len(p)], "unshare", "--mount", "--uts", "--ipc",
		"setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")
}

// socketCase is a kind of network that the relay has to work on.
type socketCase struct {
	name      string
	quick     bool     // shown for each change
	commands  []string // that make the network
	container bool
	flags     []string // of the relay
	addresses []string // at which viewers reach it, all at once
	says      string   // what the log has to say; "" for no warning
	segmented bool     // packets leave several at a time
}

const (
	withoutIPv4 = "ip addr flush dev lo; ip addr add ::1/128 dev lo"
	localIPv6   = "fd00:1::1"
	onlyIPv6    = "ip link add net0 type veth peer name net1 && ip link set net1 up && ip addr add " + localIPv6 + "/64 dev net0 nodad && ip link set net0 up"
	withoutIPv6 = "for c in all default lo; do echo 1 >/proc/sys/net/ipv6/conf/$c/disable_ipv6; done"
	saysSingly  = "each is written by itself"
	saysBuffers = "small socket buffers"
)

var socketCases = []socketCase{
	// Here the kernel itself refuses to split a message (EMSGSIZE; EINVAL before Linux 6.10).
	{name: "an MTU under a packet", quick: true, commands: []string{"ip link set lo mtu 1000"},
		addresses: []string{"127.0.0.1"}, says: saysSingly},
	// 127.0.0.1 is there, as on any machine, and no other IPv4 address.
	{name: "IPv6 only", quick: true, commands: []string{onlyIPv6}, addresses: []string{localIPv6}, segmented: true},
	{name: "no IPv4 at all, --host ::1", commands: []string{withoutIPv4}, flags: []string{"--host", "::1"}, addresses: []string{"::1"}, segmented: true},
	{name: "dual stack", addresses: []string{"127.0.0.1", "::1"}, segmented: true},
	{name: "IPv4 only, --host 127.0.0.1", flags: []string{"--host", "127.0.0.1"}, addresses: []string{"127.0.0.1"}, segmented: true},
	{name: "no IPv6", commands: []string{withoutIPv6}, addresses: []string{"127.0.0.1"}, segmented: true},
	{name: "container", quick: true, container: true, addresses: []string{"127.0.0.1", "::1"}, says: saysBuffers, segmented: true},
}

// TestSocketsOfAllKinds: the relay delivers on networks of all kinds, and its log
// says what is not as it could be.
func TestSocketsOfAllKinds(t *testing.T) {
	if !mayMakeNetworks(t) {
		return
	}
	if !full {
		t.Parallel() // it mostly waits
	}
	for _, c := range socketCases {
		if !full && !c.quick {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if !full {
				t.Parallel()
			}
			c.run(t)
		})
	}
}

func (c *socketCase) run(t *testing.T) {
	inside := loneNetwork(t, c.commands...)
	at := inside
	if c.container {
		at = inside.unprivileged()
	}
	restore := func() {}
	if c.container && full {
		restore = sync.OnceFunc(smallBuffers(t))
		defer restore()
	}
	small := c.container && bufferLimit(t) < 4<<20
	r := startRelayIn(t, at, c.flags...)
	restore()
	results := together(c.addresses, func(address string) string { return c.load(t, inside, r, address) })
	r.stop()
	c.judgeLog(t, r.log.String(), small)
	figure(t, "engine-9: %s: %s; %s", c.name, strings.Join(results, ", "), c.judgeWrites(t, r.log.String()))
}

// load is viewers at one of the addresses, in a room of their own.
func (c *socketCase) load(t *testing.T, inside place, r *relay, address string) string {
	viewers := length(4, 20)
	room := "v4"
	if strings.Contains(address, ":") {
		room = "v6"
	}
	got := loadedIn(t, inside, append(r.doorsAt(address, room), "--load", "video", "--target-is-mine",
		"--viewers", fmt.Sprint(viewers), "--duration", seconds(1, 5).String())...)
	if got.Viewers.Connected != viewers || got.Media.Delivery < 0.999 {
		t.Errorf("at %s: %+v, delivered %.5f", address, got.Viewers, got.Media.Delivery)
	}
	return fmt.Sprintf("%d viewers at %s get %.3f %%", viewers, address, 100*got.Media.Delivery)
}

// judgeLog wants the warning that is due, and no other.
func (c *socketCase) judgeLog(t *testing.T, log string, small bool) {
	for _, warning := range []string{saysSingly, saysBuffers} {
		want := 0
		if c.says == warning && (warning != saysBuffers || small) {
			want = 1
		}
		if got := strings.Count(log, warning); got != want {
			t.Errorf("the log says %d times, want %d: %s", got, want, warning)
		}
	}
}

var segmentedMessages = regexp.MustCompile(`media socket.*Packets:(\d+) .*Segmented:(\d+) `)

// judgeWrites reads what the socket did from the log.
func (c *socketCase) judgeWrites(t *testing.T, log string) string {
	found := segmentedMessages.FindStringSubmatch(log)
	if found == nil {
		t.Fatal("the log does not say what the socket did")
	}
	// Small packets fit: a few may leave together before it is known that others do not.
	messages, err := strconv.Atoi(found[2])
	check(t, err)
	if c.segmented && messages < 100 || !c.segmented && messages > 20 {
		t.Errorf("messages of several packets: %d", messages)
	}
	said := "no warning"
	if c.says != "" && strings.Contains(log, c.says) {
		said = "the log says \"" + c.says + "\""
	}
	return fmt.Sprintf("%s packets, %s messages of several; %s", found[1], found[2], said)
}

// bufferLimit is what a process without privileges may have, in bytes.
func bufferLimit(t *testing.T) int {
	t.Helper()
	least := 1 << 30
	for _, name := range []string{"rmem_max", "wmem_max"} {
		text, err := os.ReadFile(filepath.Join("/proc/sys/net/core", name))
		check(t, err)
		limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
		check(t, err)
		least = min(least, limit)
	}
	return least
}

// smallBuffers sets the limit to what it was before Linux 6.18, on the whole machine,
// until what it returns is called.
func smallBuffers(t *testing.T) (restore func()) {
	t.Helper()
	set := func(name, value string) {
		check(t, os.WriteFile(filepath.Join("/proc/sys/net/core", name), []byte(value), 0o644))
	}
	var undo []func()
	for _, name := range []string{"rmem_max", "wmem_max"} {
		before, err := os.ReadFile(filepath.Join("/proc/sys/net/core", name))
		check(t, err)
		undo = append(undo, func() { set(name, strings.TrimSpace(string(before))) })
		set(name, "212992")
	}
	return func() {
		for _, f := range undo {
			f()
		}
	}
}
