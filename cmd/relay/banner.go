package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"strings"

	"relay/signaling/access"
	"relay/signaling/certificate"
	"relay/signaling/qrcode"
)

// site is where the relay's pages are found.
type site struct {
	addresses []netip.Addr // on which viewers reach it, best first
	port      uint16       // of TCP
	identity  identity
	needs     needs
}

// needs are the words for what the doors need; "" for nothing.
type needs struct {
	present, watch string
	rooms          string // the file that knows more; "" for none
	name           bool   // of a room: there is none without
}

// defaultRoom is that of pages whose address names none.
const defaultRoom = "main"

// needsOf is about rooms that the file of rooms has no key for.
func needsOf(guard *access.Guard, rooms string) needs {
	n := needs{rooms: rooms, name: !guard.Exists(defaultRoom)}
	publish, view := guard.Needs()
	if publish {
		n.present = ", with the publish key"
	}
	if view {
		n.watch = ", with the view key"
	}
	return n
}

// viewersOrigins are the origins for viewers, best first. They need no HTTPS,
// and are spared the warning of a certificate that their browser cannot know.
func (s site) viewersOrigins() []string {
	var origins []string
	for _, host := range s.identity.hosts() {
		origins = append(origins, s.origin("https", host))
	}
	for _, addr := range s.addresses {
		origins = append(origins, s.origin("http", hostText(addr)))
	}
	return origins
}

// presentersOrigins are those on which a browser lends a screen to a page that
// came from another machine.
func (s site) presentersOrigins() []string {
	if !s.identity.speaksHTTPS() {
		return nil
	}
	hosts := s.identity.hosts()
	for _, addr := range s.addresses {
		if s.identity.covers(addr) {
			hosts = append(hosts, hostText(addr))
		}
	}
	var origins []string
	for _, host := range hosts {
		origins = append(origins, s.origin("https", host))
	}
	return origins
}

func (s site) origin(scheme, host string) string {
	if s.port == map[string]uint16{"http": 80, "https": 443}[scheme] {
		return scheme + "://" + host
	}
	return fmt.Sprintf("%s://%s:%d", scheme, host, s.port)
}

// hostText is an address as URLs have it.
func hostText(addr netip.Addr) string {
	if addr.Is6() {
		return "[" + addr.WithZone("").String() + "]"
	}
	return addr.String()
}

// banner says what to open; code draws a QR code. Only localhost and HTTPS are
// places from which a browser lends a screen.
func (s site) banner(code func(url string) (string, error)) string {
	var text strings.Builder
	push, pull := "/push", "/pull"
	if s.needs.name {
		push, pull = "/push/ROOM", "/pull/ROOM"
	}
	local := fmt.Sprintf("http://localhost:%d", s.port)
	writePages(&text, "Present, on this machine"+s.needs.present+":", []string{local}, push)
	writePages(&text, "Present, on this network"+s.needs.present+":", s.presentersOrigins(), push)
	s.writeTrust(&text)
	s.writeRooms(&text)
	viewers := s.viewersOrigins()
	if len(viewers) == 0 {
		writePages(&text, "Watch, on this machine"+s.needs.watch+":", []string{local}, pull)
		return text.String()
	}
	writePages(&text, "Watch, on this network"+s.needs.watch+":", viewers, pull)
	if s.needs.name {
		return text.String()
	}
	if drawn, err := code(viewers[0] + pull); err == nil { // no address is too long for a code
		text.WriteString("\n" + drawn)
	}
	return text.String()
}

// codeFor draws QR codes for where w leads. On a terminal it says the colours: the
// code of a light one would come out inverted, which not every reader takes.
func codeFor(w io.Writer) func(url string) (string, error) {
	if !isTerminal(w) || os.Getenv("NO_COLOR") != "" {
		return qrcode.Text
	}
	return func(url string) (string, error) {
		drawn, err := qrcode.Text(url)
		whiteOnBlack, plain := "\x1b[97;40m", "\x1b[0m"
		return whiteOnBlack + strings.ReplaceAll(drawn, "\n", plain+"\n"+whiteOnBlack) + plain, err
	}
}

// isTerminal is false on Windows, whose older consoles do not know colours.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || runtime.GOOS == "windows" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func writePages(text *strings.Builder, title string, origins []string, path string) {
	if len(origins) == 0 {
		return
	}
	fmt.Fprintln(text, title)
	for _, origin := range origins {
		fmt.Fprintf(text, "  %s%s\n", origin, path)
	}
}

// writeRooms says where the rooms are that are not like others.
func (s site) writeRooms(text *strings.Builder) {
	if s.needs.rooms != "" {
		fmt.Fprintf(text, "Rooms, and who may present and watch in them:\n  %s\n", s.needs.rooms)
	}
}

// writeTrust prepares presenters for the warning, and has what they compare.
func (s site) writeTrust(text *strings.Builder) {
	if s.identity.ca == nil || len(s.addresses) == 0 {
		return
	}
	fmt.Fprintf(text, "  Browsers warn of the certificate once; what to do: %s/trust\n", s.origin("http", hostText(s.addresses[0])))
	fmt.Fprintf(text, "  Its authority's fingerprint (SHA-256), to compare before you trust it:\n  %s\n", certificate.Fingerprint(s.identity.ca))
}
