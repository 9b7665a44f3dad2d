package access

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relay/broadcast"
)

const testSecret = "a secret of thirty-two bytes, or more"

// house is a file of rooms for the tests.
const house = `
rooms:
  math:
    title: Mathematics
    publish-key: math-publish
    view-key: math-view
    manage-key: math-manage
    max-viewers: 30
    max-bitrate: 8
    listed: true
  stage:
    publish-key: stage-publish
    view-key: none
    listed: true
  lab-*:
    view-key: lab-view-key
    publish-key: lab-publish-key
  lab-2:
    view-key: second-lab-view
  "*-hall":
    max-bitrate: 2.5
`

func guardOf(t testing.TB, c Config, rooms string) *Guard {
	t.Helper()
	if rooms != "" {
		c.RoomsFile = filepath.Join(t.TempDir(), "rooms.yaml")
		check(t, os.WriteFile(c.RoomsFile, []byte(rooms), 0o600))
	}
	c.Tokens, c.Log = NewTokens(testSecret), slog.New(slog.DiscardHandler)
	g, err := NewGuard(c)
	check(t, err)
	return g
}

func tokenOf(t testing.TB, ttl time.Duration, room string, roles ...Role) string {
	t.Helper()
	token, err := NewTokens(testSecret).Sign(Claims{Room: room, Roles: roles, Name: "Anna"}, time.Now(), ttl)
	check(t, err)
	return token
}

// verdict is what a page can tell apart: "keyed", "open", or a code with its reason.
func verdict(grant Grant, err error) string {
	if err == nil {
		return map[bool]string{true: "keyed", false: "open"}[grant.Keyed]
	}
	told := broadcast.AsError(err)
	return strings.TrimSuffix(string(told.Code)+" "+told.Reason, " ")
}

func TestAdmit(t *testing.T) {
	open, keyed := guardOf(t, Config{}, ""), guardOf(t, Config{PublishKey: "for-all-publish", ViewKey: "for-all-view"}, "")
	rooms := guardOf(t, Config{PublishKey: "for-all-publish"}, house)
	only := guardOf(t, Config{ViewKey: "for-all-view"}, "only: true\n"+house)
	if only.Exists("elsewhere") || !only.Exists("math") {
		t.Error("it is not known which rooms there can be")
	}
	token := func(room string, roles ...Role) string { return tokenOf(t, time.Hour, room, roles...) }
	late := tokenOf(t, -time.Minute, "math", View, Publish, Manage)
	const needed, wrong, expired = "unauthorized key", "unauthorized key", "unauthorized expired"
	for name, test := range map[string]struct {
		guard                  *Guard
		room, credential       string
		view, publish, manages string
	}{
		"open, nothing":                 {open, "math", "", "open", "open", needed},
		"open, anything":                {open, "math", "whatever-it-is", "open", "open", wrong},
		"open, too late":                {open, "math", late, "open", "open", expired},
		"open, view token":              {open, "math", token("math", View), "keyed", "open", "forbidden"},
		"open, manage token":            {open, "math", token("*", Manage), "keyed", "open", "keyed"},
		"open, token of another room":   {open, "math", token("art", Manage), "open", "open", "forbidden"},
		"keyed, nothing":                {keyed, "math", "", needed, needed, needed},
		"keyed, wrong":                  {keyed, "math", "for-all-wrong", wrong, wrong, wrong},
		"keyed, view key":               {keyed, "math", "for-all-view", "keyed", "forbidden", "forbidden"},
		"keyed, publish key":            {keyed, "math", "for-all-publish", "keyed", "keyed", "forbidden"},
		"keyed, view token":             {keyed, "math", token("ma*", View), "keyed", "forbidden", "forbidden"},
		"keyed, publish token":          {keyed, "math", token("math", Publish), "keyed", "keyed", "forbidden"},
		"keyed, manage token":           {keyed, "math", token("math", Manage), "keyed", "forbidden", "keyed"},
		"keyed, token of all":           {keyed, "math", token("*", Manage, Publish), "keyed", "keyed", "keyed"},
		"keyed, token of another":       {keyed, "math", token("art", View), "forbidden", "forbidden", "forbidden"},
		"keyed, too late":               {keyed, "math", late, expired, expired, expired},
		"room's own keys, nothing":      {rooms, "math", "", needed, needed, needed},
		"room's own view key":           {rooms, "math", "math-view", "keyed", "forbidden", "forbidden"},
		"room's own publish key":        {rooms, "math", "math-publish", "keyed", "keyed", "forbidden"},
		"room's own manage key":         {rooms, "math", "math-manage", "keyed", "forbidden", "keyed"},
		"room's own, the flag's":        {rooms, "math", "for-all-publish", wrong, wrong, wrong},
		"room's own, another's":         {rooms, "math", "stage-publish", wrong, wrong, wrong},
		"stage, nothing":                {rooms, "stage", "", "open", needed, needed},
		"stage, wrong":                  {rooms, "stage", "math-publish", "open", wrong, wrong},
		"stage, its key":                {rooms, "stage", "stage-publish", "keyed", "keyed", "forbidden"},
		"pattern, its key":              {rooms, "lab-7", "lab-publish-key", "keyed", "keyed", "forbidden"},
		"pattern, the name wins":        {rooms, "lab-2", "second-lab-view", "keyed", "forbidden", "forbidden"},
		"pattern, nothing of it":        {rooms, "lab-2", "lab-publish-key", wrong, wrong, wrong},
		"no key of its own, the flag's": {rooms, "lab-2", "for-all-publish", "keyed", "keyed", "forbidden"},
		"pattern without keys":          {rooms, "town-hall", "for-all-publish", "keyed", "keyed", "forbidden"},
		"not in the file":               {rooms, "art", "for-all-publish", "keyed", "keyed", "forbidden"},
		"not in the file, nothing":      {rooms, "art", "", "open", needed, needed},
		"only, view key":                {only, "town-hall", "for-all-view", "keyed", "open", "forbidden"},
		"only, not there":               {only, "art", "", needed, needed, needed},
		"only, not there, view key":     {only, "art", "for-all-view", wrong, wrong, wrong},
		"only, not there, token":        {only, "art", token("*", View), "forbidden", "forbidden", "forbidden"},
		"only, not there, manage token": {only, "art", token("*", Manage, Publish), "forbidden", "forbidden", "keyed"},
		"too long":                      {keyed, "math", strings.Repeat("x", 100_000), wrong, wrong, wrong},
	} {
		for role, want := range map[Role]string{View: test.view, Publish: test.publish, Manage: test.manages} {
			if got := verdict(test.guard.Admit(Request{test.room, role, test.credential})); got != want {
				t.Errorf("%s: %s: %s, want %s", name, role, got, want)
			}
		}
	}
}

// TestHiddenRooms: whoever may not see a room cannot tell it from one that is not there.
func TestHiddenRooms(t *testing.T) {
	flagged := Config{PublishKey: "for-all-publish", ViewKey: "for-all-view"}
	guards := map[string]*Guard{
		"only": guardOf(t, Config{}, "only: true\n"+house), "keys for all": guardOf(t, flagged, house),
	}
	credentials := []string{
		"", "wrong-as-can-be", "lab-publish-key", tokenOf(t, time.Hour, "art", View, Publish, Manage),
		tokenOf(t, -time.Hour, "math", View), tokenOf(t, time.Hour, "nothing", View) + "x",
	}
	for name, g := range guards {
		for _, credential := range credentials {
			for _, role := range []Role{View, Publish, Manage} {
				_, there := g.Admit(Request{"math", role, credential})
				_, not := g.Admit(Request{"nothing", role, credential})
				if there == nil || not == nil || *broadcast.AsError(there) != *broadcast.AsError(not) || IsGuess(there) != IsGuess(not) {
					t.Errorf("%s: %s with %.20q: %v for a room that is there, %v for one that is not", name, role, credential, there, not)
				}
			}
		}
	}
}

func TestGuesses(t *testing.T) {
	g := guardOf(t, Config{ViewKey: "for-all-view", PublishKey: "for-all-publish"}, "")
	for credential, want := range map[string]bool{
		"": false, "wrong-as-can-be": true, "for-all-view": false,
		tokenOf(t, -time.Hour, "math", Publish): false, tokenOf(t, time.Hour, "art", Publish): false,
		tokenOf(t, time.Hour, "math", Publish) + "x": true, "a.b.c": true,
	} {
		if _, err := g.Admit(Request{"math", Publish, credential}); IsGuess(err) != want {
			t.Errorf("%.20q: %v", credential, err)
		}
	}
}

func TestGrant(t *testing.T) {
	g := guardOf(t, Config{}, "")
	token, err := g.tokens.Sign(Claims{Room: "m*", Roles: []Role{View}, Name: "Anna", RegisteredClaims: registered("one")}, time.Now(), time.Hour)
	check(t, err)
	if grant, err := g.Admit(Request{"math", View, token}); err != nil || grant != (Grant{Keyed: true, Name: "Anna", ID: "one"}) {
		t.Errorf("%+v, %v", grant, err)
	}
	if grant, err := g.Admit(Request{"art", View, token}); err != nil || grant != (Grant{}) {
		t.Errorf("in another room: %+v, %v", grant, err)
	}
}

func TestRoom(t *testing.T) {
	g := guardOf(t, Config{ListRooms: true}, house)
	for name, want := range map[string]Room{
		"math": {Title: "Mathematics", Listed: true, MaxViewers: 30, MaxBitrate: 8_000_000},
		"art":  {Listed: true}, "lab-1": {}, "town-hall": {MaxBitrate: 2_500_000},
	} {
		if got := g.Room(name); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestInvite(t *testing.T) {
	g := guardOf(t, Config{}, house)
	if invite := g.Invite("stage"); invite != "" {
		t.Errorf("where watching is open: %s", invite)
	}
	invite := g.Invite("math")
	if grant, err := g.Admit(Request{"math", View, invite}); err != nil || !grant.Keyed || grant.ID != "" {
		t.Errorf("%+v, %v", grant, err)
	}
	if got := verdict(g.Admit(Request{"math", Publish, invite})); got != "forbidden" {
		t.Errorf("to present: %s", got)
	}
	if got := verdict(g.Admit(Request{"lab-1", View, invite})); got != "forbidden" {
		t.Errorf("another room: %s", got)
	}
	claims, err := g.tokens.read(invite)
	check(t, err)
	if left := time.Until(claims.ExpiresAt.Time); left < inviteTime-time.Minute || left > inviteTime {
		t.Errorf("it ends in %v", left)
	}
}

func TestList(t *testing.T) {
	live := []string{"art", "lab-1", "math", "stage"}
	open, rooms := guardOf(t, Config{}, ""), guardOf(t, Config{}, house)
	shown := guardOf(t, Config{ViewKey: "for-all-view", ListRooms: true}, house)
	for name, test := range map[string]struct {
		guard      *Guard
		credential string
		want       []string
		refused    string
	}{
		"open":                    {open, "", nil, ""},
		"open, anything":          {open, "whatever-it-is", nil, ""},
		"nobody":                  {rooms, "", []string{"stage"}, ""},
		"view key":                {rooms, "math-view", []string{"math", "stage"}, ""},
		"manage key":              {rooms, "math-manage", []string{"math", "stage"}, ""},
		"key of an unlisted room": {rooms, "lab-publish-key", nil, "unauthorized key"},
		"wrong":                   {rooms, "wrong-as-can-be", nil, "unauthorized key"},
		"token":                   {rooms, tokenOf(t, time.Hour, "*", View), []string{"math", "stage"}, ""},
		"token of nothing live":   {rooms, tokenOf(t, time.Hour, "nothing", View), []string{"stage"}, ""},
		"too late":                {rooms, tokenOf(t, -time.Hour, "*", View), nil, "unauthorized expired"},
		"manage token":            {rooms, tokenOf(t, time.Hour, "*", Manage), live, ""},
		"manage token of labs":    {rooms, tokenOf(t, time.Hour, "lab-*", Manage), []string{"lab-1", "stage"}, ""},
		"others shown":            {shown, "for-all-view", []string{"art", "stage"}, ""},
		"others shown, nobody":    {shown, "", []string{"stage"}, ""},
	} {
		got, err := test.guard.List(test.credential, live)
		refused := ""
		if err != nil {
			refused = verdict(Grant{}, err)
		}
		if !slices.Equal(got, test.want) || refused != test.refused {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestSentences: whatever is refused is said in a sentence.
func TestSentences(t *testing.T) {
	all := []error{errWrong, errExpired, errOther, errTooMany, badToken("it has no end")}
	for _, role := range []Role{View, Publish, Manage} {
		all = append(all, needed[role], lacking[role])
	}
	for _, err := range all {
		if sentence := broadcast.AsError(err).Sentence; !strings.HasSuffix(sentence, ".") || len(sentence) < 20 {
			t.Errorf("%q", sentence)
		}
	}
}
