package signaling

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"relay/broadcast"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("v", maxSDP)
	codecs := func(n int) string { return `["` + strings.Repeat(`video/VP8","`, n-1) + `video/VP8"]` }
	for name, test := range map[string]struct {
		frame string
		code  broadcast.Code // "" when the message is good
		says  string         // part of the sentence
	}{
		"join":                    {`{"type":"join"}`, "", ""},
		"join with all":           {`{"type":"join","resume":"abc","name":"Ada","codecs":["video/VP8"],"key":"k","token":"t"}`, "", ""},
		"join of a newer page":    {`{"type":"join","colour":{"r":[1]}}`, "", ""},
		"join with nulls":         {`{"type":"join","resume":null,"codecs":null}`, "", ""},
		"offer":                   {`{"type":"offer","sdp":"v=0"}`, "", ""},
		"offer of the full size":  {`{"type":"offer","sdp":"` + long + `"}`, "", ""},
		"candidate":               {`{"type":"candidate","candidate":{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0","sdpMLineIndex":0}}`, "", ""},
		"last candidate":          {`{"type":"candidate","candidate":null}`, "", ""},
		"leave":                   {`{"type":"leave"}`, "", ""},
		"brackets in a string":    {`{"type":"join","name":"[[[[[[[[\"{{{{{{"}`, "", ""},
		"nothing":                 {``, broadcast.CodeBadRequest, "not valid JSON"},
		"half":                    {`{"type":"jo`, broadcast.CodeBadRequest, "not valid JSON"},
		"two":                     {`{"type":"join"}{"type":"join"}`, broadcast.CodeBadRequest, "not valid JSON"},
		"no UTF-8 brackets":       {"\xff\xfe{}", broadcast.CodeBadRequest, "not valid JSON"},
		"null":                    {`null`, broadcast.CodeBadRequest, `no "type"`},
		"number":                  {`7`, broadcast.CodeBadRequest, "JSON object"},
		"array":                   {`[{"type":"join"}]`, broadcast.CodeBadRequest, "JSON object"},
		"no type":                 {`{"sdp":"v=0"}`, broadcast.CodeBadRequest, `no "type"`},
		"type of a wrong type":    {`{"type":5}`, broadcast.CodeBadRequest, `"type" cannot be a JSON number`},
		"unknown type":            {`{"type":"dance"}`, broadcast.CodeBadRequest, `"dance" is unknown`},
		"long unknown type":       {`{"type":"` + strings.Repeat("x", 500) + `"}`, broadcast.CodeBadRequest, strings.Repeat("x", 32) + `" is unknown`},
		"offer without SDP":       {`{"type":"offer"}`, broadcast.CodeBadRequest, `no "sdp"`},
		"offer with a number":     {`{"type":"offer","sdp":1}`, broadcast.CodeBadRequest, `"sdp"`},
		"candidate as a string":   {`{"type":"candidate","candidate":"candidate:1"}`, broadcast.CodeBadRequest, `"candidate" cannot be a JSON string`},
		"codecs of numbers":       {`{"type":"join","codecs":[1]}`, broadcast.CodeBadRequest, `"codecs`},
		"too many codecs":         {`{"type":"join","codecs":` + codecs(maxCodecs+1) + `}`, broadcast.CodeBadRequest, "codecs"},
		"codec too long":          {`{"type":"join","codecs":["` + strings.Repeat("v", maxCodec+1) + `"]}`, broadcast.CodeBadRequest, "codec"},
		"name too long":           {`{"type":"join","name":"` + strings.Repeat("n", maxName+1) + `"}`, broadcast.CodeBadRequest, "name"},
		"picture":                 {`{"type":"picture","picture":false}`, "", ""},
		"picture without a word":  {`{"type":"picture"}`, broadcast.CodeBadRequest, `no "picture"`},
		"nested":                  {strings.Repeat("[", 60000), broadcast.CodeBadRequest, "nested"},
		"nested in a join":        {`{"type":"join","x":[[[[1]]]]}`, broadcast.CodeBadRequest, "nested"},
		"SDP one byte too large":  {`{"type":"offer","sdp":"` + long + `x"}`, broadcast.CodeTooLarge, "SDP"},
		"join larger than 64 KiB": {`{"type":"join","x":"` + strings.Repeat("x", maxMessage) + `"}`, broadcast.CodeTooLarge, "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse([]byte(test.frame))
			if test.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var refused *broadcast.Error
			if !errors.As(err, &refused) || refused.Code != test.code || !strings.Contains(refused.Sentence, test.says) {
				t.Fatalf("got %v, want %s with %q", err, test.code, test.says)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"join","resume":"a","codecs":["video/VP8"]}`))
	f.Add([]byte(`{"type":"candidate","candidate":{"candidate":"x"}}`))
	f.Add([]byte(`{"type":"offer","sdp":"v=0\r\n"}`))
	f.Add([]byte(`[[[[{"\"`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := parse(frame)
		var refused *broadcast.Error
		switch {
		case err != nil && (!errors.As(err, &refused) || refused.Sentence == ""):
			t.Fatalf("an error without a sentence: %v", err)
		case err == nil && (m.Type == "" || !json.Valid(frame) || len(m.SDP) > maxSDP):
			t.Fatalf("%q was accepted", frame)
		}
	})
}

func TestRoomOnTheWire(t *testing.T) {
	since := time.Date(2026, 3, 4, 10, 42, 0, 0, time.UTC)
	live := broadcast.RoomState{State: broadcast.StateLive, Since: since, Video: broadcast.CodecVP8, Audio: true, Viewers: 3, Unplayable: 1, Locked: true, MaxViewers: 20, Requests: 2}
	for name, test := range map[string]struct {
		role  broadcast.Role
		state broadcast.RoomState
		want  string
	}{
		"idle": {broadcast.RoleViewer, broadcast.RoomState{State: broadcast.StateIdle},
			`{"type":"room","state":"idle","since":null,"video":null,"audio":false,"viewers":0}`},
		"live for a viewer": {broadcast.RoleViewer, live,
			`{"type":"room","state":"live","since":"2026-03-04T10:42:00Z","video":"VP8","audio":true,"viewers":3}`},
		"live for its publisher": {broadcast.RolePublisher, live,
			`{"type":"room","state":"live","since":"2026-03-04T10:42:00Z","video":"VP8","audio":true,"viewers":3,"unplayable":1,"locked":true,"maxViewers":20,"requests":2}`},
		"none unplayable": {broadcast.RolePublisher, broadcast.RoomState{State: broadcast.StateIdle},
			`{"type":"room","state":"idle","since":null,"video":null,"audio":false,"viewers":0,"unplayable":0,"locked":false,"requests":0}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(roomMessage{Type: "room", roomFields: fieldsOf(test.role, test.state)})
			if err != nil || string(got) != test.want {
				t.Fatalf("got  %s (%v)\nwant %s", got, err, test.want)
			}
		})
	}
}

func TestErrorOnTheWire(t *testing.T) {
	busy := &broadcast.Error{Code: broadcast.CodeRoomBusy, Sentence: "Somebody presents.", RetryAfter: 1500 * time.Millisecond,
		Since: time.Date(2026, 3, 4, 10, 42, 0, 0, time.UTC)}
	slow := &broadcast.Error{Code: broadcast.CodeRateLimited, Sentence: "Too slow.", Have: 300_000, Need: 2_500_000}
	for want, e := range map[string]*broadcast.Error{
		`{"type":"error","code":"room-busy","message":"Somebody presents.","since":"2026-03-04T10:42:00Z","retryAfter":1.5}`: busy,
		`{"type":"error","code":"rate-limited","message":"Too slow.","have":300000,"need":2500000}`:                          slow,
	} {
		if got, err := json.Marshal(errorOf(e)); err != nil || string(got) != want {
			t.Errorf("got  %s (%v)\nwant %s", got, err, want)
		}
	}
}
