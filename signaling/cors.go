package signaling

import "net/http"

// What pages of other origins may send and see. "*" would leave Authorization
// out (Fetch section 4.8).
const (
	allowedHeaders = "Content-Type, Authorization, If-Match"
	exposedHeaders = "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch"
	// preflightFor is how many seconds a browser need not ask again.
	preflightFor = "600"
)

// shareWithOrigin lets r's page read the response (Fetch section 3.3);
// refuseOrigins has been there.
func shareWithOrigin(w http.ResponseWriter, r *http.Request, methods string) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", preflightFor)
	}
}
