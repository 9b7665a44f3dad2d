package signaling

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"time"

	"relay/signaling/certificate"
)

// trustFiles make the files of which people install the relay's own CA, and by
// which they know that it is the right one.
var trustFiles = map[string]func(ca *x509.Certificate) (document, error){
	"ca.json":               describeCA,
	"relay-ca.crt":          certificateFile,
	"relay-ca.cer":          rawCertificateFile,
	"relay-ca.mobileconfig": profile,
}

var errNoCA = refuse(codeNotFound, "This relay has no certificate authority of its own that could be trusted.")

// serveTrust serves one of trustFiles.
func (s *Server) serveTrust(makeFile func(*x509.Certificate) (document, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if s.config.CA == nil {
			writeProblem(w, errNoCA)
			return
		}
		file, err := makeFile(s.config.CA)
		if err != nil {
			writeProblem(w, err)
			return
		}
		file.send(w)
	}
}

// describeCA is for the page that explains what to do.
func describeCA(ca *x509.Certificate) (document, error) {
	content, err := json.Marshal(struct {
		Name        string    `json:"name"`
		Fingerprint string    `json:"fingerprint"` // SHA-256
		Until       time.Time `json:"until"`
	}{ca.Subject.CommonName, certificate.Fingerprint(ca), ca.NotAfter.UTC()})
	return document{"application/json", content}, err
}

// certificateFile is what Linux and Android install (RFC 7468).
func certificateFile(ca *x509.Certificate) (document, error) {
	return document{"application/x-x509-ca-cert", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})}, nil
}

// rawCertificateFile is what Windows and macOS install. Its own SHA-256 is the
// fingerprint: what was downloaded can be compared before anything opens it.
func rawCertificateFile(ca *x509.Certificate) (document, error) {
	return document{"application/x-x509-ca-cert", ca.Raw}, nil
}
