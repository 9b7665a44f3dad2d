package signaling

import (
	"net/http"
	"strconv"
)

// document is a small file that is made here.
type document struct {
	contentType string
	content     []byte
}

// send answers with the document.
func (d document) send(w http.ResponseWriter) { d.sendAs(w, http.StatusOK) }

// sendAs is send with another status than 200.
func (d document) sendAs(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", d.contentType)
	h.Set("Content-Length", strconv.Itoa(len(d.content)))
	h.Set("Cache-Control", "no-store")
	limitWrite(w)
	w.WriteHeader(status)
	_, _ = w.Write(d.content) // a reader who went away is nobody's concern
}
