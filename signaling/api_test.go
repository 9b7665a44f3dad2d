package signaling

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"relay/broadcast"
	"relay/signaling/access"
)

func TestReport(t *testing.T) {
	since := time.Date(2026, 3, 4, 10, 42, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		info broadcast.Info
		want string
	}{
		"idle": {broadcast.Info{RoomState: broadcast.RoomState{State: broadcast.StateIdle}},
			`{"room":"math","state":"idle","since":null,"video":null,"audio":false,"viewers":0,"locked":false,"maxViewers":null,"tracks":[],"warnings":[]}`},
		"live": {broadcast.Info{
			RoomState: broadcast.RoomState{State: broadcast.StateLive, Since: since, Video: broadcast.CodecH264, Audio: true, Viewers: 3, Unplayable: 1, Locked: true, MaxViewers: 20, Requests: 2},
			Tracks: []broadcast.TrackInfo{
				{Kind: "video", Codec: broadcast.CodecH264, Width: 1280, Height: 720, Bitrate: 2_500_000, FrameRate: 29.5, KeyFrameInterval: 2500 * time.Millisecond, Loss: 0.01},
				{Kind: "audio", Codec: broadcast.CodecOpus, Bitrate: 64_000},
			},
			Warnings: []broadcast.Warning{{Code: "b-frames", Sentence: "Set OBS's B-frames to 0."}},
		}, `{"room":"math","state":"live","since":"2026-03-04T10:42:00Z","video":"H264","audio":true,"viewers":3,"locked":true,"maxViewers":20,"tracks":[` +
			`{"kind":"video","codec":"H264","width":1280,"height":720,"bitrate":2500000,"frameRate":29.5,"keyFrameInterval":2.5,"loss":0.01},` +
			`{"kind":"audio","codec":"opus","width":null,"height":null,"bitrate":64000,"frameRate":0,"keyFrameInterval":null,"loss":0}],` +
			`"warnings":[{"code":"b-frames","message":"Set OBS's B-frames to 0."}]}`},
	} {
		got, err := json.Marshal(reportOf("math", test.info))
		if err != nil || string(got) != test.want {
			t.Errorf("%s:\ngot  %s (%v)\nwant %s", name, got, err, test.want)
		}
	}
}

func TestRooms(t *testing.T) {
	h := newHouse(t)
	h.request("GET", "/api/rooms/math", "").want(t, 200, `"state":"idle"`)
	h.publish()
	got := h.request("GET", "/api/rooms/math", "").want(t, 200, `"state":"live"`)
	if got.header.Get("Content-Type") != "application/json" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got.header)
	}
	h.await("the track's figures", func() bool {
		return strings.Contains(h.request("GET", "/api/rooms/math", "").body, `{"kind":"video","codec":"VP8",`)
	})
	h.request("GET", "/api/rooms/a.b", "").want(t, 400, "1 to 64")
	if got := h.request("GET", "/api/rooms", "").want(t, 200, ""); got.body != `{"rooms":[]}` {
		t.Errorf("a list by whom the rooms are not shown: %s", got.body)
	}
}

func TestListOfRooms(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Access = access.Open{ListRooms: true} })
	h.join("pull/physics", "")
	if got := h.request("GET", "/api/rooms", "").want(t, 200, ""); got.body != `{"rooms":[]}` {
		t.Error(got.body)
	}
	h.publish()
	var list struct {
		Rooms []struct{ Room, State string }
	}
	got := h.request("GET", "/api/rooms", "").want(t, 200, "")
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || len(list.Rooms) != 1 || list.Rooms[0].Room != "math" || list.Rooms[0].State != "live" {
		t.Errorf("%s (%v)", got.body, err)
	}
}
