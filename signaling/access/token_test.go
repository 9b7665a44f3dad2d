package access

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"relay/broadcast"
)

func registered(id string) jwt.RegisteredClaims { return jwt.RegisteredClaims{ID: id} }

// claimsOf are those of a good token, with changes.
func claimsOf(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"room": "math", "roles": []string{"view"}, "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func signed(t testing.TB, method jwt.SigningMethod, key any, claims jwt.Claims, headers ...string) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	for _, name := range headers {
		token.Header[name] = []string{"x"}
	}
	text, err := token.SignedString(key)
	check(t, err)
	return text
}

func TestTokens(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	secret, now := []byte(testSecret), time.Now()
	hs256 := func(changes jwt.MapClaims) string {
		return signed(t, jwt.SigningMethodHS256, secret, claimsOf(changes))
	}
	good := hs256(nil)
	parts := strings.Split(good, ".")
	const no, late, bad = "no token", "expired", "bad"
	for name, test := range map[string]struct{ token, want string }{
		"good":                    {good, ""},
		"more claims":             {hs256(jwt.MapClaims{"aud": "relay", "iat": now.Unix(), "jti": "x", "more": []int{1}}), ""},
		"just over":               {hs256(jwt.MapClaims{"exp": now.Add(-2 * time.Second).Unix()}), ""},
		"over":                    {hs256(jwt.MapClaims{"exp": now.Add(-10 * time.Second).Unix()}), late},
		"over, and more is wrong": {hs256(jwt.MapClaims{"exp": 1, "roles": []string{}}), late},
		"no end":                  {hs256(jwt.MapClaims{"exp": nil}), bad},
		"not yet":                 {hs256(jwt.MapClaims{"nbf": now.Add(time.Hour).Unix()}), bad},
		"end in words":            {hs256(jwt.MapClaims{"exp": "never"}), no},
		"no room":                 {hs256(jwt.MapClaims{"room": nil}), bad},
		"room of slashes":         {hs256(jwt.MapClaims{"room": "a/b"}), bad},
		"room of brackets":        {hs256(jwt.MapClaims{"room": "[a-z]*"}), bad},
		"no roles":                {hs256(jwt.MapClaims{"roles": nil}), bad},
		"unknown role":            {hs256(jwt.MapClaims{"roles": []string{"view", "admin"}}), bad},
		"role in words":           {hs256(jwt.MapClaims{"roles": "view"}), no},
		"name of two lines":       {hs256(jwt.MapClaims{"name": "a\nb"}), bad},
		"name too long":           {hs256(jwt.MapClaims{"name": strings.Repeat("x", maxHolder+1)}), bad},
		"critical":                {signed(t, jwt.SigningMethodHS256, secret, claimsOf(nil), "crit"), bad},
		"other secret":            {signed(t, jwt.SigningMethodHS256, []byte(testSecret+"x"), claimsOf(nil)), no},
		"HS384":                   {signed(t, jwt.SigningMethodHS384, secret, claimsOf(nil)), no},
		"HS512":                   {signed(t, jwt.SigningMethodHS512, secret, claimsOf(nil)), no},
		"RS256":                   {signed(t, jwt.SigningMethodRS256, key, claimsOf(nil)), no},
		"none":                    {signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claimsOf(nil)), no},
		"none, in other letters":  {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"nOnE"}`)) + "." + parts[1] + ".", no},
		"no signature":            {parts[0] + "." + parts[1] + ".", no},
		"another's signature":     {parts[0] + "." + parts[1] + "." + strings.Split(hs256(jwt.MapClaims{"room": "art"}), ".")[2], no},
		"padded":                  {good + "=", no},
		"two parts":               {parts[0] + "." + parts[1], no},
		"four parts":              {good + ".x", no},
		"nothing":                 {"", no},
		"dots":                    {"..", no},
		"too long":                {hs256(jwt.MapClaims{"more": strings.Repeat("x", maxToken)}), no},
	} {
		claims, err := NewTokens(testSecret).read(test.token)
		got := ""
		switch {
		case errors.Is(err, errNoToken):
			got = no
		case err != nil && broadcast.AsError(err).Reason == reasonExpired:
			got = late
		case err != nil:
			got = bad
		}
		if got != test.want || (claims == nil) != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	for _, claims := range []Claims{{}, {Room: "a b", Roles: []Role{View}}, {Room: "math", Roles: []Role{"admin"}}} {
		if token, err := NewTokens(testSecret).Sign(claims, time.Now(), time.Hour); err == nil || token != "" {
			t.Errorf("%+v was signed", claims)
		}
	}
}

func FuzzToken(f *testing.F) {
	tokens := NewTokens(testSecret)
	f.Add(tokenOf(f, time.Hour, "math", View))
	f.Add(tokenOf(f, -time.Hour, "*", Publish, Manage))
	f.Add(signed(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claimsOf(nil)))
	f.Add("a.b.c")
	known := map[string]bool{}
	for _, room := range []string{"math", "*"} {
		known[room] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		claims, err := tokens.read(text)
		if err != nil {
			return
		}
		// Whatever is taken was signed with the secret: here, by the seeds alone.
		if !known[claims.Room] || claims.Validate() != nil || claims.ExpiresAt == nil {
			t.Errorf("%q was taken: %+v", text, claims)
		}
	})
}
