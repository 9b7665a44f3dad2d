package signaling

import "strings"

// maxAgent is how much of a User-Agent is looked at, and maxProduct how long the
// name of a product that is not known may be.
const (
	maxAgent   = 512
	maxProduct = 24
)

// product is how a program names itself in its User-Agent, and what people call it.
type product struct{ token, name string }

// browsers are looked for in this order: Edge says that it is Chrome, and Chrome that
// it is Safari.
var browsers = []product{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"MicroMessenger/", "WeChat"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"HeadlessChrome/", "Chrome"},
	{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"},
}

// programs are the senders and players that are no browsers.
var programs = []product{
	{"OBS", "OBS"}, {"Lavf/", "FFmpeg"}, {"GStreamer", "GStreamer"}, {"VLC/", "VLC"},
}

// systems are looked for in this order: Android says that it is Linux, and an iPhone
// that it is like a Mac.
var systems = []product{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
	{"Macintosh", "macOS"}, {"Linux", "Linux"},
}

// browserOf is a User-Agent in a few words, such as "Chrome on Windows" or "OBS"; ""
// for one that says nothing. It is for people: nothing is decided by it.
func browserOf(agent string) string {
	agent = agent[:min(len(agent), maxAgent)]
	if name := find(programs, agent); name != "" {
		return name
	}
	name, system := "", find(systems, agent)
	if strings.HasPrefix(agent, "Mozilla/") {
		name = find(browsers, agent)
	} else {
		name, system = productOf(agent), ""
	}
	switch {
	case name == "":
		return system
	case system == "":
		return name
	}
	return name + " on " + system
}

func find(among []product, agent string) string {
	for _, p := range among {
		if strings.Contains(agent, p.token) {
			return p.name
		}
	}
	return ""
}

// productOf is the first product that an unknown program names (RFC 9110 section
// 10.1.5), if it looks like a name.
func productOf(agent string) string {
	name, _, _ := strings.Cut(agent, "/")
	name, _, _ = strings.Cut(name, " ")
	if len(name) > maxProduct || strings.ContainsFunc(name, func(c rune) bool { return !isWord(c) }) {
		return ""
	}
	return name
}

// isWord is true for the letters of devices and of products' names.
func isWord(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
