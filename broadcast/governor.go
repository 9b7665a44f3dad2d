package broadcast

import "time"

// ask is how a publisher is asked for a key frame.
type ask uint8

const (
	askNone ask = iota
	askPLI
	askFIR
)

const (
	// askInterval is the least time between two requests, and between a key
	// frame and the next request: a viewer's PLI may have crossed with it.
	askInterval = 500 * time.Millisecond
	// A publisher that answers none of slowAfter requests ignores them, as OBS
	// does: it is asked each slowInterval.
	slowAfter    = 10
	slowInterval = 2 * time.Second
	// firAfter unanswered PLIs every second request is a FIR: some publishers
	// honour nothing else.
	firAfter = 2
	// firstFrame is how long a new publisher has to begin with a key frame by
	// itself, as they all do, before it is asked for one.
	firstFrame = 100 * time.Millisecond
)

const (
	// A GOP of restFrames or restBytes is slow to replay to a joiner: 180 to
	// 980 ms for 190 frames, against 2 to 18 ms for a few.
	restFrames = 60
	restBytes  = 256_000
	// restTime is the pause that makes a picture still. A still source sends
	// about one frame a second.
	restTime = 500 * time.Millisecond
	// restAgain is the least time between two requests at rest.
	restAgain = 10 * time.Second
	// restLong frames come from a picture that stays still for three minutes, at
	// one a second. Soon they would be too many to replay, so one more key frame
	// is asked for, though nothing moved.
	restLong = maxPrimeFrames * 3 / 4
	// sharpening is how long the encoder refines a still picture after its key
	// frame, with quick frames that are no movement.
	sharpening = 2 * time.Second
)

// governor decides when a video track asks its publisher for a key frame. Any
// number of viewers want one; requests are coalesced, never swallowed, and
// repeated until a key frame is seen. Nothing is ever asked periodically, since
// it is frequent key frames that blur still text.
//
// The fan-out's run owns it.
type governor struct {
	live   bool
	wanted bool
	// unanswered counts the requests since the last key frame.
	unanswered int
	// earliest is the soonest time for the next request.
	earliest time.Time
	rest     rest
}

// begin says that another publisher is live: a key frame is wanted until seen.
func (g *governor) begin(now time.Time) {
	*g = governor{live: true, wanted: true, earliest: now.Add(firstFrame)}
}

// stop says that nobody is live: nothing is asked.
func (g *governor) stop() { *g = governor{} }

// want says that a viewer needs a key frame. It is served even if a key frame
// has just begun: it is not known whether the viewer asked before or after
// losing that one.
func (g *governor) want(now time.Time) {
	if g.live && !g.wanted {
		g.wanted = true
		g.earliest = later(g.earliest, now)
	}
}

// packet notes a packet of the live publisher.
func (g *governor) packet(now time.Time, size int, newFrame, keyStart bool) {
	if keyStart {
		g.wanted, g.unanswered = false, 0
		g.earliest = now.Add(askInterval)
	}
	g.rest.packet(now, size, newFrame, keyStart)
}

// due returns what to send at now, and takes it as sent.
func (g *governor) due(now time.Time) ask {
	next := g.next()
	if next.IsZero() || now.Before(next) {
		return askNone
	}
	if !g.wanted { // once, even if it is lost: nobody waits for it
		g.rest.asked(now)
		g.earliest = now.Add(askInterval)
		return askPLI
	}
	return g.request(now)
}

// try asks once, though nobody waits for a key frame, unless a request was just
// sent.
func (g *governor) try(now time.Time) ask {
	if !g.live || now.Before(g.earliest) {
		return askNone
	}
	g.earliest = now.Add(askInterval)
	return askPLI
}

// next returns when due will have something to say; zero: not before another
// event.
func (g *governor) next() time.Time {
	if !g.live {
		return time.Time{}
	}
	if g.wanted {
		return g.earliest
	}
	return g.rest.next()
}

func (g *governor) request(now time.Time) ask {
	kind := askPLI
	if g.unanswered >= firAfter && g.unanswered%2 == 0 {
		kind = askFIR
	}
	g.unanswered++
	interval := askInterval
	if g.unanswered >= slowAfter {
		interval = slowInterval
	}
	g.earliest = now.Add(interval)
	return kind
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// rest is the governor's one addition to what viewers ask for: when a picture
// comes to rest after a long GOP, it asks once for a key frame, so that whoever
// joins the still picture is served at once; and again before that has become a
// long GOP itself.
type rest struct {
	// frames and bytes came after the newest key frame.
	frames, bytes int
	keyed         time.Time // when that began; zero: none was seen
	inKey         bool      // the newest packet is still of that
	last          time.Time // when the newest packet with a payload came
	lastAsk       time.Time
	moved         bool // since lastAsk
}

// packet notes a packet of the live publisher. Padding is no sign of movement.
func (r *rest) packet(now time.Time, size int, newFrame, keyStart bool) {
	if size == 0 {
		return
	}
	switch {
	case keyStart:
		r.frames, r.bytes = 0, 0
		r.inKey, r.keyed = true, now
	case newFrame:
		r.inKey = false
		r.frames++
		r.moved = r.moved || r.movement(now)
	}
	if !r.inKey {
		r.bytes += size
	}
	r.last = now
}

// movement reports whether a frame at now follows the one before too soon for
// a still picture.
func (r *rest) movement(now time.Time) bool {
	return now.Sub(r.last) < restTime && now.Sub(r.keyed) >= sharpening
}

// asked notes that the request was sent.
func (r *rest) asked(now time.Time) { r.lastAsk, r.moved = now, false }

// next returns when the picture will have been at rest for long enough to ask;
// zero: not without another packet.
func (r *rest) next() time.Time {
	long := r.frames >= restFrames || r.bytes >= restBytes
	again := r.lastAsk.IsZero() || r.moved || r.frames >= restLong
	if r.keyed.IsZero() || !long || !again {
		return time.Time{}
	}
	at := r.last.Add(restTime)
	if r.lastAsk.IsZero() {
		return at
	}
	return later(at, r.lastAsk.Add(restAgain))
}
