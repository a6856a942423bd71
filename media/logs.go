package media

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logs gives pion's warnings and errors to the node's logger, at debug level:
// they speak of addresses, which are nobody's business in production.
type logs struct{ logger *slog.Logger }

func (l *logs) NewLogger(scope string) logging.LeveledLogger {
	return &scopedLog{l.logger.With("pion", scope)}
}

type scopedLog struct{ logger *slog.Logger }

func (l *scopedLog) say(msg string) { l.logger.Debug(msg) }

func (l *scopedLog) sayf(format string, args []any) {
	if l.logger.Enabled(context.Background(), slog.LevelDebug) {
		l.logger.Debug(fmt.Sprintf(format, args...))
	}
}

func (l *scopedLog) Trace(string)                      {}
func (l *scopedLog) Tracef(string, ...any)             {}
func (l *scopedLog) Debug(string)                      {}
func (l *scopedLog) Debugf(string, ...any)             {}
func (l *scopedLog) Info(string)                       {}
func (l *scopedLog) Infof(string, ...any)              {}
func (l *scopedLog) Warn(msg string)                   { l.say(msg) }
func (l *scopedLog) Warnf(format string, args ...any)  { l.sayf(format, args) }
func (l *scopedLog) Error(msg string)                  { l.say(msg) }
func (l *scopedLog) Errorf(format string, args ...any) { l.sayf(format, args) }
