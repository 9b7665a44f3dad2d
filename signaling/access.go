package signaling

import (
	"net/http"
	"strings"

	"relay/broadcast"
)

// authorize asks the Config's rule whether whoever holds the request's bearer
// token may have the role in the room. The session that comes of it needs no
// token: its URL is a secret.
func (s *Server) authorize(r *http.Request, role broadcast.Role) error {
	return s.config.Authorize(r.PathValue("room"), role, bearerToken(r))
}

// bearerToken is the token in r's Authorization (RFC 6750 section 2.1), "" for none.
func bearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// everybodyMay is the rule where there is none.
func everybodyMay(string, broadcast.Role, string) error { return nil }
