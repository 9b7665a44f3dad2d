//go:build !portable

package udp

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// One viewer behind a VPN with a small MTU, or without checksum offload, is
	// no reason to go without segmentation for all others: it takes so many
	// refusals with nothing accepted between them.
	maxRefusals = 8
	// The network may be another one by then.
	refusalTime = time.Minute
)

// segments knows whether the kernel takes messages of several packets.
type segments struct {
	refusals atomic.Int32 // in a row
	until    atomic.Int64 // refused until this time, in Unix nanoseconds
	cause    atomic.Pointer[error]
	told     sync.Once
}

func (s *segments) on(now time.Time) bool { return now.UnixNano() >= s.until.Load() }

// never is called for a kernel that does not know of segmentation.
func (s *segments) never(cause error) {
	s.cause.Store(&cause)
	s.until.Store(math.MaxInt64)
}

// accepted ends a row of refusals.
func (s *segments) accepted() {
	if s.refusals.Load() != 0 {
		s.refusals.Store(0)
	}
}

// refused is called when a message was refused whose packets left one by one.
func (s *segments) refused(cause error, now time.Time) {
	if s.refusals.Add(1) >= maxRefusals {
		s.cause.CompareAndSwap(nil, &cause)
		s.until.Store(now.Add(refusalTime).UnixNano())
		s.refusals.Store(0)
	}
}

// tell says so once. The caller holds no lock.
func (s *segments) tell(f func(cause error)) {
	if cause := s.cause.Load(); cause != nil {
		s.told.Do(func() { f(*cause) })
	}
}

// refusesSegments: EIO comes from an interface without checksum offload,
// EMSGSIZE (EINVAL before Linux 6.10) from an MTU smaller than a segment, the
// others from old kernels.
func refusesSegments(err error) bool {
	return err == unix.EIO || err == unix.EMSGSIZE || err == unix.EINVAL || err == unix.ENOPROTOOPT || err == unix.EOPNOTSUPP
}
