package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"unicode/utf8"
)

const (
	// minKey is how many characters a key has at least.
	minKey = 8
	// maxKey is more than any key has.
	maxKey = 256
)

// CheckKey says what is wrong with a key, as the end of a sentence that begins with
// its name.
func CheckKey(key string) error {
	switch {
	case utf8.RuneCountInString(key) < minKey:
		return fmt.Errorf("has to have %d characters or more", minKey)
	case len(key) > maxKey:
		return fmt.Errorf("has to have %d characters or fewer", maxKey)
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return errors.New("may have letters, digits and signs of ASCII only, and no spaces: an HTTP header takes nothing else")
		}
	}
	return nil
}

// digest is what is kept of a key.
type digest [sha256.Size]byte

// digester makes digests that mean nothing to any other process.
type digester struct {
	salt [sha256.Size]byte
}

func newDigester() digester {
	var d digester
	_, _ = rand.Read(d.salt[:]) // it never fails
	return d
}

func (d digester) of(key string) digest {
	mac := hmac.New(sha256.New, d.salt[:])
	mac.Write([]byte(key))
	return digest(mac.Sum(nil))
}

// nobodys is a digest that no key has.
func nobodys() digest {
	var d digest
	_, _ = rand.Read(d[:]) // it never fails
	return d
}

// is compares in constant time: 1 for the same, 0 for another.
func (d digest) is(other digest) int { return subtle.ConstantTimeCompare(d[:], other[:]) }
