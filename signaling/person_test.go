package signaling

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBrowserOf(t *testing.T) {
	const mac, windows = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
	const gecko, safari = "AppleWebKit/537.36 (KHTML, like Gecko) ", "AppleWebKit/605.1.15 (KHTML, like Gecko) "
	for agent, want := range map[string]string{
		windows + gecko + "Chrome/140.0.0.0 Safari/537.36":                                                                     "Chrome on Windows",
		windows + gecko + "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":                                                       "Edge on Windows",
		windows + gecko + "Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0":                                                       "Opera on Windows",
		"Mozilla/5.0 (X11; Linux x86_64) " + gecko + "HeadlessChrome/140.0.0.0 Safari/537.36":                                  "Chrome on Linux",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + gecko + "Chrome/140.0.0.0 Safari/537.36":                                 "Chrome on ChromeOS",
		"Mozilla/5.0 (Linux; Android 10; K) " + gecko + "Chrome/140.0.0.0 Mobile Safari/537.36":                                "Chrome on Android",
		"Mozilla/5.0 (Linux; Android 14; SM-S918B) " + gecko + "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36":     "Samsung Internet on Android",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                               "Firefox on Linux",
		mac + safari + "Version/18.5 Safari/605.1.15":                                                                          "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) " + safari + "Version/18.5 Mobile/15E148 Safari/604.1":         "Safari on iPhone",
		"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) " + safari + "CriOS/140.0.0.0 Mobile/15E148 Safari/604.1":               "Chrome on iPad",
		"Mozilla/5.0 (Linux; Android 14; wv) " + gecko + "Version/4.0 Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0.50": "WeChat on Android",
		"Mozilla/5.0 (OBS-Studio/30.2.3; Windows x86_64; en-US)":                                                               "OBS",
		"Lavf/61.7.100": "FFmpeg",
		"GStreamer souphttpsrc 1.26.2 libsoup/3.6.5": "GStreamer",
		"curl/8.14.1":        "curl",
		"Go-http-client/1.1": "Go-http-client",
		"Mozilla/5.0":        "",
		"Mozilla/5.0 (Windows NT 10.0) Something/1": "Windows",
		"<b>bold</b>":                  "",
		"":                             "",
		strings.Repeat("x", 40) + "/1": "",
	} {
		if got := browserOf(agent); got != want {
			t.Errorf("%s is %q, not %q", agent, got, want)
		}
	}
}

func TestNameOf(t *testing.T) {
	for said, want := range map[string]string{
		"":                             "",
		"  Ada Lovelace\t":             "Ada Lovelace",
		"Ada\x00\x1b[31m\r\n\u2028Eve": "Ada[31mEve",
		"Ada\u202eevE\u2066":           "AdaevE",
		"埃达":                           "埃达",
		"👩\u200d🏫":                     "👩\u200d🏫",
		"<b>Ada</b>":                   "<b>Ada</b>", // pages show names as text
		" \u0085 ":                     "",
	} {
		if got, err := nameOf(said); err != nil || got != want {
			t.Errorf("%q is %q, %v", said, got, err)
		}
	}
	for _, said := range []string{strings.Repeat("x", maxName+1), "Ada\xff"} {
		if _, err := nameOf(said); err == nil {
			t.Errorf("%q is a name", said)
		}
	}
}

// FuzzPerson reads what anybody may say of himself and of the program.
func FuzzPerson(f *testing.F) {
	f.Add("Ada\u202e")
	f.Add("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
	f.Add("0123456789_-abcXYZ")
	f.Fuzz(func(t *testing.T, said string) {
		browser := browserOf(said)
		if len(browser) > 40 || strings.ContainsFunc(browser, func(c rune) bool { return c != ' ' && !isWord(c) }) {
			t.Errorf("%q is the browser %q", said, browser)
		}
		if device := deviceOf(said); device != "" && device != said {
			t.Errorf("%q is the device %q", said, device)
		}
		name, err := nameOf(said)
		if err != nil {
			return
		}
		if again, err := nameOf(name); again != name || err != nil || !utf8.ValidString(name) || len(name) > maxName || strings.ContainsAny(name, "\r\n\x00") {
			t.Errorf("%q is the name %q, and that %q", said, name, again)
		}
	})
}

func TestDeviceOf(t *testing.T) {
	good := "0123456789_-abcXYZ"
	for said, want := range map[string]string{
		good: good, "": "", good[:15]: "", good[:16]: good[:16], strings.Repeat("a", 64): strings.Repeat("a", 64),
		strings.Repeat("a", 65): "", good + " ": "", good + "é": "", "../" + good: "",
	} {
		if got := deviceOf(said); got != want {
			t.Errorf("%q is %q", said, got)
		}
	}
}
