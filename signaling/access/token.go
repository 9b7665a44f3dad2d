package access

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// maxToken is more than any token has; nothing longer is parsed.
	maxToken = 4 << 10
	// maxHolder is how many bytes a holder's name has at most.
	maxHolder = 64
	// minSecret is how many bytes sign HS256 (RFC 7518 section 3.2).
	minSecret = 32
	// leeway is how far two clocks may be apart.
	leeway = 5 * time.Second
)

// Claims are what a token says (RFC 7519).
type Claims struct {
	// Room is a name, or a pattern in which an asterisk stands for any part.
	Room  string `json:"room"`
	Roles []Role `json:"roles"`
	// Name is what its holder is called; "" is not known.
	Name string `json:"name,omitempty"`
	jwt.RegisteredClaims
}

// Validate is called for tokens whose signature is right. Its errors are ends of
// sentences for who made them.
func (c Claims) Validate() error {
	switch {
	case !validPattern(c.Room):
		return errors.New(`its "room" is no room's name and no pattern such as lab-*`)
	case len(c.Roles) == 0:
		return errors.New(`it has no "roles"`)
	case slices.ContainsFunc(c.Roles, func(r Role) bool { return rolesOf[r] == 0 }):
		return errors.New(`its "roles" are not among view, publish and manage`)
	case !validHolder(c.Name):
		return fmt.Errorf(`its "name" is longer than %d bytes, or not text of one line`, maxHolder)
	}
	return nil
}

func validHolder(name string) bool {
	return len(name) <= maxHolder && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// roles are what a token lets its holder do.
func (c *Claims) roles() roles {
	var all roles
	for _, role := range c.Roles {
		all |= rolesOf[role]
	}
	return all
}

// Tokens signs and reads tokens: JWTs (RFC 7519), signed with HS256 and nothing
// else, whatever their header says. They have an end.
type Tokens struct {
	secret []byte
	parser *jwt.Parser
}

// NewTokens is for a secret of 32 bytes or more.
func NewTokens(secret string) *Tokens {
	return &Tokens{[]byte(secret), jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
	)}
}

// CheckSecret says what is wrong with a secret, as the end of a sentence that begins
// with its name.
func CheckSecret(secret string) error {
	if len(secret) < minSecret {
		return fmt.Errorf("has to have %d bytes or more", minSecret)
	}
	return nil
}

// Sign makes a token that ends after so long. Its claims have to be valid; what of
// them is about time is set here.
func (t *Tokens) Sign(c Claims, now time.Time, ttl time.Duration) (string, error) {
	if err := c.Validate(); err != nil {
		return "", fmt.Errorf("the token cannot be made: %w", err)
	}
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(ttl))
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(t.secret)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed, nil
}

// NewID tells a token from others.
func NewID() string { return rand.Text() }

// read is what a token says. Errors: errNoToken, errExpired, and sentences about
// tokens that were signed with the secret.
func (t *Tokens) read(token string) (*Claims, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return nil, errNoToken
	}
	var c Claims
	parsed, err := t.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return t.secret, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed), errors.Is(err, jwt.ErrTokenUnverifiable), errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return nil, errNoToken
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, errExpired
	case err != nil:
		return nil, fault(&c, err)
	case parsed.Header["crit"] != nil:
		return nil, badToken("it has a critical extension, which this relay does not know") // RFC 7515 section 4.1.11
	}
	return &c, nil
}

// fault is what is wrong with the claims of a token that was signed with the secret.
func fault(c *Claims, err error) error {
	switch {
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return badToken(`it has no end ("exp")`)
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return badToken(`its time has not come ("nbf"): are the clocks right?`)
	}
	if own := c.Validate(); own != nil {
		return badToken(own.Error())
	}
	return badToken("its claims are not in order")
}
