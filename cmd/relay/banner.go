package main

import (
	"fmt"
	"io"
	"net/netip"
)

// printBanner says what to open. The presenter's page needs a secure context,
// which plain HTTP is on localhost only.
func printBanner(w io.Writer, host netip.Addr, lan []netip.Addr, tcpPort uint16) error {
	presenter := "localhost"
	if !host.IsUnspecified() {
		lan = []netip.Addr{host}
	}
	if !host.IsUnspecified() && !host.IsLoopback() {
		presenter = hostText(host)
	}
	text := fmt.Sprintf("Present, on this machine:\n  http://%s:%d/push\n", presenter, tcpPort)
	if len(lan) > 0 {
		text += "Watch, on this network:\n"
	}
	for _, addr := range lan {
		text += fmt.Sprintf("  http://%s:%d/pull\n", hostText(addr), tcpPort)
	}
	_, err := io.WriteString(w, text)
	return err
}

// hostText is an address as URLs have it.
func hostText(addr netip.Addr) string {
	if addr.Is6() {
		return "[" + addr.WithZone("").String() + "]"
	}
	return addr.String()
}
