package resource

import "strings"

// maxICEServers bounds how many ICE servers are taken from one response.
const maxICEServers = 32

// ICEServer is a STUN or TURN server that a response recommends.
type ICEServer struct {
	// URLs are its addresses (RFC 7064, RFC 7065).
	URLs []string
	// Username and Credential are for TURN, empty for STUN.
	Username, Credential string
}

// iceServers reads Link headers with rel="ice-server" (RFC 9725, section 4.6).
// Links that cannot be read, or are something else, are left out.
func iceServers(headers []string) (servers []ICEServer) {
	for _, header := range headers {
		for _, link := range split(header, ',') {
			if server, ok := iceServer(link); ok && len(servers) < maxICEServers {
				servers = append(servers, server)
			}
		}
	}
	return servers
}

// iceServer reads one link: an address in angle brackets, then parameters
// (RFC 8288, section 3).
func iceServer(link string) (server ICEServer, ok bool) {
	address, rest, closed := strings.Cut(strings.TrimSpace(link), ">")
	address, opened := strings.CutPrefix(address, "<")
	address = strings.TrimSpace(address)
	if !closed || !opened || address == "" {
		return server, false
	}
	server.URLs = []string{address}
	for _, param := range split(rest, ';') {
		name, value, _ := strings.Cut(param, "=")
		value = unquote(strings.TrimSpace(value))
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "rel":
			ok = ok || isRelation(value)
		case "username":
			server.Username = value
		case "credential":
			server.Credential = value
		}
	}
	return server, ok
}

// isRelation says whether the relation types, of which there may be several,
// name an ICE server.
func isRelation(types string) bool {
	for _, name := range strings.Fields(types) {
		if strings.EqualFold(name, "ice-server") {
			return true
		}
	}
	return false
}

// split cuts at separators that are in neither quotes nor angle brackets.
func split(text string, separator byte) (parts []string) {
	quoted, bracketed, from := false, false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !bracketed:
			quoted = !quoted
		case quoted:
		case c == '<':
			bracketed = true
		case c == '>':
			bracketed = false
		case c == separator && !bracketed:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	return append(parts, text[from:])
}

// unquote reads a quoted string (RFC 9110, section 5.6.4); a token stays as it
// is.
func unquote(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	var text strings.Builder
	for i := 1; i < len(value)-1; i++ {
		if value[i] == '\\' && i+1 < len(value)-1 {
			i++
		}
		text.WriteByte(value[i])
	}
	return text.String()
}
