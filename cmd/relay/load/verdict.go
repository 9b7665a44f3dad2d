package load

import (
	"fmt"
	"strings"
)

// enough is the share of packets under which people see that some are missing.
const enough = 0.999

// verdict is what the run comes to, in a sentence, and whether all viewers
// connected and stayed, and got what was sent.
func (r *Report) verdict() (sentence string, good bool) {
	v := &r.Viewers
	switch {
	case v.Connected == 0:
		return fmt.Sprintf("Not good: no viewer could connect to %s (%s).", r.Target, r.mainReason()), false
	case v.Connected < v.Asked:
		return fmt.Sprintf("Not good: %d of %d viewers did not connect (%s).", v.Asked-v.Connected, v.Asked, r.mainReason()), false
	case v.Dropped > 0:
		return fmt.Sprintf("Not good: %d of %d viewers lost their connection.", v.Dropped, v.Asked), false
	case r.Publisher != nil && r.Publisher.Dropped:
		return "Not good: the publisher lost its connection to the server.", false
	case v.Silent > 0:
		return fmt.Sprintf("Not good: %d of %d viewers got no video or no sound at the end. Did the server or the presenter stop?", v.Silent, v.Asked), false
	case r.Media.Expected == 0 && r.Seconds > 0:
		return "Not good: nothing was delivered.", false
	case r.Verified != nil && r.Verified.Sum() > 0:
		return fmt.Sprintf("Not good: %d packets were not what was sent, or not in order.", r.Verified.Sum()), false
	case r.Media.Delivery < enough:
		return fmt.Sprintf("Not good: all %d viewers connected, but got only %s of the packets.", v.Asked, percent(r.Media.Delivery)), true
	case r.Tester.Drops > 0:
		return "Not sure: the tester itself lost packets, so that the server may be better than these figures.", true
	}
	if r.Slow != nil {
		return fmt.Sprintf("Good: all %d viewers connected, and those that were not made slow got %s of the packets.", v.Asked, percent(r.Media.Delivery)), true
	}
	return fmt.Sprintf("Good: all %d viewers connected and got %s of the packets.", v.Asked, percent(r.Media.Delivery)), true
}

// mainReason is why most of the failed viewers failed, and what to do about it.
func (r *Report) mainReason() string {
	reasons := r.Viewers.reasons()
	if len(reasons) == 0 {
		return "interrupted"
	}
	why := strings.TrimSuffix(reasons[0], ".")
	for start, remedy := range map[string]string{
		"409": "start presenting first, or add --publish --whip with the URL of the same room",
		"404": "a relay's address is /whep/ROOM", "405": "a relay's address is /whep/ROOM", "501": "a relay's address is /whep/ROOM",
		"connection refused":  "is the server running there?",
		"too many open files": "raise the limit: ulimit -n",
	} {
		if strings.HasPrefix(why, start) {
			return why + "; " + remedy
		}
	}
	return why
}
