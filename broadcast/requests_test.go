package broadcast

import (
	"fmt"
	"testing"
	"time"
)

// rehearsal is a room in which somebody presents, without any media.
func rehearsal(t *testing.T) *Room {
	t.Helper()
	relay := newTestRelay(t)
	s, err := relay.Publish(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Offer(gstreamerVideo); err != nil {
		t.Fatal(err)
	}
	return s.room
}

// stateAt is what the asker would be told, and "" when the room has forgotten it.
func (room *Room) stateAt(asker string, now time.Time) RequestState {
	room.forgetRequests(now)
	room.relay.mu.Lock()
	defer room.relay.mu.Unlock()
	if q := room.requestBy(asker); q != nil {
		return q.state
	}
	return ""
}

func (room *Room) askAt(t *testing.T, asker string, now time.Time) (id string) {
	t.Helper()
	room.relay.mu.Lock()
	defer room.relay.mu.Unlock()
	if _, err := room.ask(asker, asker, now); err != nil {
		t.Fatal(err)
	}
	return room.requestBy(asker).ID
}

func TestRequestsExpire(t *testing.T) {
	room := rehearsal(t)
	began := time.Now()
	room.askAt(t, "waiting", began)
	if state := room.stateAt("waiting", began.Add(askTime-1)); state != RequestWaiting {
		t.Errorf("it is %v", state)
	}
	room.askAt(t, "waiting", began.Add(8*time.Second))
	if state := room.stateAt("waiting", began.Add(8*time.Second+askTime-1)); state != RequestWaiting {
		t.Errorf("repeated, it is %v", state)
	}
	if state := room.stateAt("waiting", began.Add(8*time.Second+askTime)); state != "" || room.asked.Load() {
		t.Errorf("not repeated, it is %v", state)
	}
	// A grant lasts for a minute, repeated or not.
	id := room.askAt(t, "granted", began)
	room.relay.mu.Lock()
	room.answer(id, true, began)
	room.relay.mu.Unlock()
	if state := room.stateAt("granted", began.Add(grantTime-1)); state != RequestGranted {
		t.Errorf("granted a minute ago, it is %v", state)
	}
	room.relay.mu.Lock()
	if room.heir("granted", began.Add(grantTime-1)) == nil || room.heir("granted", began.Add(grantTime)) != nil {
		t.Error("a grant lasts for another time than a minute")
	}
	room.relay.mu.Unlock()
	room.askAt(t, "granted", began.Add(grantTime))
	if state := room.stateAt("granted", began.Add(grantTime)); state != RequestDeclined {
		t.Errorf("granted and not taken, it is %v", state)
	}
}

// One of several has it; who was granted it before has it no more.
func TestGrantToOneOfSeveral(t *testing.T) {
	room := rehearsal(t)
	now := time.Now()
	ids := map[string]string{}
	for _, asker := range []string{"a", "b", "c"} {
		ids[asker] = room.askAt(t, asker, now)
	}
	want := func(a, b, c RequestState) {
		t.Helper()
		for asker, state := range map[string]RequestState{"a": a, "b": b, "c": c} {
			if got := room.stateAt(asker, now); got != state {
				t.Errorf("%s is %v, not %v", asker, got, state)
			}
		}
	}
	room.relay.Answer("math", ids["b"], true)
	want(RequestWaiting, RequestGranted, RequestWaiting)
	room.relay.Answer("math", ids["c"], true)
	want(RequestWaiting, RequestDeclined, RequestGranted)
	room.relay.Answer("math", ids["c"], false)
	want(RequestWaiting, RequestDeclined, RequestDeclined)
	if requests := room.relay.People("math").Requests; len(requests) != 1 || requests[0].ID != ids["a"] {
		t.Errorf("%+v wait", requests)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	room := rehearsal(t)
	for i := range maxRequests {
		room.askAt(t, fmt.Sprint("asker ", i), time.Now())
	}
	if _, err := room.relay.Ask("math", "one more", ""); AsError(err).Code != CodeRoomFull || AsError(err).RetryAfter == 0 {
		t.Errorf("one more is told %v", err)
	}
	if _, err := room.relay.Ask("math", "asker 0", ""); err != nil {
		t.Errorf("one who waits is told %v", err)
	}
}
