package access

import (
	"net/netip"
	"sync"
	"time"

	"relay/broadcast"
)

const (
	// promptGuesses wrong credentials of one address are answered at once: a class
	// that mistypes its key at the same time is one address.
	promptGuesses = 20
	// guessEvery is the time between two answers after those: 5 a second.
	guessEvery = 200 * time.Millisecond
	// waitingGuesses of one address may wait for their answers, 2 s at most: that is
	// less than any page's patience.
	waitingGuesses = 10
	// turnedAwayAfter is how long whoever finds no place waits for that word: so one
	// connection tries five keys a second, however fast it asks. maxTurnedAway may wait
	// so; the rest hears it at once, as each holds a connection.
	turnedAwayAfter = 200 * time.Millisecond
	maxTurnedAway   = 1000
	// maxWaiting of all addresses may wait, maxGuessers addresses are told apart.
	maxWaiting  = 1000
	maxGuessers = 4096
)

// Guesses bounds the rate at which answers to wrong credentials leave, by address.
// A right one never comes here: it is looked at at once, whatever others of its
// address do. So whoever does not wait for answers, but takes silence for a no, can
// try as many as the relay can take; what stands against that is the length of a
// key. The rate spares the relay the work, and stops whoever tries words by hand or
// one after the other.
type Guesses struct {
	mu      sync.Mutex
	next    map[netip.Prefix]time.Time // when all answers are out and the prompt ones are there again; guarded by mu
	swept   time.Time                  // guarded by mu
	waiting int                        // guarded by mu
	turned  int                        // those who wait to hear that there is no place; guarded by mu
}

// NewGuesses has heard of none.
func NewGuesses() *Guesses { return &Guesses{next: map[netip.Prefix]time.Time{}} }

// Turn is the place of an answer in its address's queue.
type Turn struct {
	// Wait is how long the answer has to wait.
	Wait time.Duration

	guesses *Guesses // nil: there is nothing to end
	from    netip.Prefix
	away    bool // it is that of who is turned away
}

// Queue finds the turn of an answer to this address. It fails where too many wait
// already: rate-limited, for which there is a turn as well. Done or Leave has to follow.
func (g *Guesses) Queue(remote netip.Addr, now time.Time) (Turn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from := g.place(remote, now)
	due := g.next[from]
	if due.Before(now) {
		due = now
	}
	wait := max(0, due.Sub(now)-(promptGuesses-1)*guessEvery)
	if wait > waitingGuesses*guessEvery || wait > 0 && g.waiting >= maxWaiting {
		return g.turnAway(), errTooMany
	}
	g.next[from] = due.Add(guessEvery)
	g.waiting++
	return Turn{Wait: wait, guesses: g, from: from}, nil
}

// turnAway is the turn of who finds no place. The caller holds g.mu.
func (g *Guesses) turnAway() Turn {
	if g.turned >= maxTurnedAway {
		return Turn{}
	}
	g.turned++
	return Turn{Wait: turnedAwayAfter, guesses: g, away: true}
}

var errTooMany = &broadcast.Error{
	Code:       broadcast.CodeRateLimited,
	Sentence:   "Too many wrong keys came from this address. Try again in some seconds.",
	RetryAfter: 5 * time.Second,
}

// Waiting is how many answers have not been given yet.
func (g *Guesses) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// Done ends a turn whose answer is given.
func (t Turn) Done() {
	if t.guesses == nil {
		return
	}
	t.guesses.mu.Lock()
	defer t.guesses.mu.Unlock()
	if t.away {
		t.guesses.turned--
	} else {
		t.guesses.waiting--
	}
}

// Leave ends a turn whose asker has not waited: its place is free.
func (t Turn) Leave() {
	t.Done()
	if t.guesses == nil || t.away {
		return
	}
	t.guesses.mu.Lock()
	defer t.guesses.mu.Unlock()
	if due, ok := t.guesses.next[t.from]; ok {
		t.guesses.next[t.from] = due.Add(-guessEvery)
	}
}

// place is under which an address is remembered: itself, for IPv6 its network, as
// one line has that many addresses, and where there are too many a place for all
// others together. The caller holds g.mu.
func (g *Guesses) place(remote netip.Addr, now time.Time) netip.Prefix {
	remote = remote.Unmap()
	bits := remote.BitLen()
	if remote.Is6() {
		bits = 64
	}
	from, err := remote.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	if _, known := g.next[from]; known {
		return from
	}
	g.sweep(now)
	if len(g.next) >= maxGuessers {
		return netip.Prefix{}
	}
	return from
}

// sweep forgets addresses that have all their prompt answers again. The caller holds
// g.mu.
func (g *Guesses) sweep(now time.Time) {
	if len(g.next) < maxGuessers && now.Sub(g.swept) < time.Minute || now.Sub(g.swept) < time.Second {
		return
	}
	g.swept = now
	for from, due := range g.next {
		if !due.After(now) {
			delete(g.next, from)
		}
	}
}
