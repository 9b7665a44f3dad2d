package access

import (
	"log/slog"
	"testing"
	"time"

	"relay/broadcast"
)

func TestOperate(t *testing.T) {
	tokens := NewTokens(NewSecret())
	guard, err := NewGuard(Config{PublishKey: "a-publish-key", Tokens: tokens, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	token := func(ttl time.Duration, room string, roles ...Role) string {
		signed, err := tokens.Sign(Claims{Room: room, Roles: roles}, time.Now(), ttl)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	for name, test := range map[string]struct {
		credential string
		code       broadcast.Code
	}{
		"operator":      {token(time.Minute, "*", Manage), ""},
		"publisher too": {token(time.Minute, "*", Publish, Manage), ""},
		"a viewer":      {token(time.Minute, "*", View), broadcast.CodeForbidden},
		"a pattern":     {token(time.Minute, "**", Manage), broadcast.CodeForbidden},
		"a room":        {token(time.Minute, "math", Manage), broadcast.CodeForbidden},
		"too old":       {token(-time.Minute, "*", Manage), broadcast.CodeUnauthorized},
		"a key":         {"a-publish-key", broadcast.CodeUnauthorized},
		"nobody":        {"", broadcast.CodeUnauthorized},
	} {
		err := guard.Operate(test.credential)
		if test.code == "" && err != nil || test.code != "" && (err == nil || broadcast.AsError(err).Code != test.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if (Open{}).Operate("anything") == nil {
		t.Error("there is an operator where there are no tokens")
	}
}
