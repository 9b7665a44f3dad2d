package signaling

import (
	"html/template"
	"net/http"
	"regexp"

	"relay/broadcast"
)

// misdirected is the page for a host name that the relay does not know as its
// own. It stands alone: no style sheet is served under such a name.
var misdirected = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>relay: unknown host name</title>
<style>
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 15vh auto; padding: 0 1.5rem; color: #1c2330; background: #fff }
code { background: #eef1f6; padding: .15em .4em; border-radius: .3em; overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { color: #e6e9ef; background: #14181f } code { background: #262c37 } }
</style>
<h1>This relay does not know itself by this name</h1>
{{if .}}<p>It was reached as <code>{{.}}</code>. If that is meant to be, start it with</p>
<p><code>relay serve --allow-host {{.}}</code></p>{{end}}
<p>Until then, open it by its IP address. Unknown names are refused because a website could
point a name of its own at this relay, and watch through your browser.</p>
</html>
`))

// programPaths begin the URLs that programs use: they get a problem, not a page.
var programPaths = regexp.MustCompile(`^/(whip|whep|api|ws)(/|$)`)

var errMisdirected = withStatus{refuse(broadcast.CodeForbidden, "The relay does not know itself by this host name; its flag --allow-host can name it."), http.StatusMisdirectedRequest}

// writeMisdirected answers 421 (RFC 9110 section 15.5.20), and names the flag to add.
func writeMisdirected(w http.ResponseWriter, r *http.Request) {
	if programPaths.MatchString(r.URL.Path) {
		writeProblem(w, errMisdirected)
		return
	}
	host, _, _ := splitHost(r.Host)
	name, ok := domainName(host)
	if !ok {
		name = ""
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusMisdirectedRequest)
	// The response has begun: an error here means that nobody listens any more.
	_ = misdirected.Execute(w, name)
}
