package broadcast

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLogs hands Pion's log lines to slog. They are about packets, not about
// people, so its warnings and errors are debug lines here: whatever matters to
// an operator the relay logs itself.
type pionLogs struct{ log *slog.Logger }

func (p pionLogs) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{p.log, scope}
}

// pionLog says from which part of Pion a line is. A logger made with that would
// be half a kilobyte for each of a dozen parts of each session.
type pionLog struct {
	log   *slog.Logger
	scope string
}

// traceLevel is below slog's debug: Pion traces each STUN message.
const traceLevel = slog.LevelDebug - 4

func (p pionLog) write(level slog.Level, format string, args ...any) {
	if p.log.Enabled(context.Background(), level) {
		p.log.Log(context.Background(), level, fmt.Sprintf(format, args...), "pion", p.scope)
	}
}

func (p pionLog) Trace(msg string)                  { p.write(traceLevel, "%s", msg) }
func (p pionLog) Tracef(format string, args ...any) { p.write(traceLevel, format, args...) }
func (p pionLog) Debug(msg string)                  { p.write(traceLevel, "%s", msg) }
func (p pionLog) Debugf(format string, args ...any) { p.write(traceLevel, format, args...) }
func (p pionLog) Info(msg string)                   { p.write(slog.LevelDebug, "%s", msg) }
func (p pionLog) Infof(format string, args ...any)  { p.write(slog.LevelDebug, format, args...) }
func (p pionLog) Warn(msg string)                   { p.write(slog.LevelDebug, "%s", msg) }
func (p pionLog) Warnf(format string, args ...any)  { p.write(slog.LevelDebug, format, args...) }
func (p pionLog) Error(msg string)                  { p.write(slog.LevelDebug, "%s", msg) }
func (p pionLog) Errorf(format string, args ...any) { p.write(slog.LevelDebug, format, args...) }
