package signaling

import "net/http"

// headers go with every response that is no page of ours: whatever it is taken for,
// it loads nothing, is shown in no frame, may use nothing of the machine's, and no
// page of another site loads it but with its origin's name (see shareWithOrigin).
var headers = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
	"Permissions-Policy":           "display-capture=(), camera=(), microphone=(), fullscreen=(), autoplay=(), geolocation=(), usb=(), serial=(), payment=()",
	"Referrer-Policy":              "no-referrer", // the URL of a session is a secret
	"X-Content-Type-Options":       "nosniff",
	"Cross-Origin-Resource-Policy": "same-origin",
}

// withHeaders adds the headers to every response of next, which may set others.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// takes are the header fields of a URL that takes one media type, as it is. A page of
// any site may load it, if not read it: a player finds out by that whether the relay
// is there, and only its site's origin is missing in --allow-origin.
func takes(field, mediaType string) map[string]string {
	return map[string]string{
		field: mediaType, "Accept-Encoding": "identity", // RFC 9110 section 12.5.3
		"Cross-Origin-Resource-Policy": "cross-origin",
	}
}
