package main

import (
	"fmt"
	"io"
	"net/netip"
)

// printBanner says what to open. The presenter's page needs a secure context,
// which plain HTTP is on localhost only.
func printBanner(w io.Writer, viewers []netip.Addr, tcpPort uint16) error {
	text := fmt.Sprintf("Present, on this machine:\n  http://localhost:%d/push\n", tcpPort)
	if len(viewers) == 0 {
		text += fmt.Sprintf("Watch, on this machine:\n  http://localhost:%d/pull\n", tcpPort)
	} else {
		text += "Watch, on this network:\n"
	}
	for _, host := range hostPorts(viewers, tcpPort) {
		text += fmt.Sprintf("  http://%s/pull\n", host)
	}
	_, err := io.WriteString(w, text)
	return err
}

// hostPorts are addresses as URLs have them.
func hostPorts(addrs []netip.Addr, tcpPort uint16) []string {
	hosts := make([]string, 0, len(addrs))
	for _, addr := range addrs {
		hosts = append(hosts, fmt.Sprintf("%s:%d", hostText(addr), tcpPort))
	}
	return hosts
}

// hostText is an address as URLs have it.
func hostText(addr netip.Addr) string {
	if addr.Is6() {
		return "[" + addr.WithZone("").String() + "]"
	}
	return addr.String()
}
