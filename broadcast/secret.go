package broadcast

import (
	"crypto/sha256"
	"crypto/subtle"
)

// secret is a token as the relay keeps it: hashed, so that neither looking it up
// nor comparing it tells how much of a guess was right. The zero secret is nobody's.
type secret [sha256.Size]byte

func secretOf(token string) secret {
	if token == "" {
		return secret{}
	}
	return sha256.Sum256([]byte(token))
}

// is reports whether token is the one that was kept.
func (s secret) is(token string) bool {
	shown := secretOf(token)
	return s != secret{} && subtle.ConstantTimeCompare(s[:], shown[:]) == 1
}
