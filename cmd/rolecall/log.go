package main

import (
	"context"
	"log/slog"

	"github.com/rolecall/rolecall/internal/queue"
)

// newLogger writes to standard error. Each line that is logged while a target
// is looked at names it.
func newLogger(s streams, format, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: l}
	if format == "text" {
		return slog.New(inContext{slog.NewTextHandler(s.err, options)})
	}
	return slog.New(inContext{slog.NewJSONHandler(s.err, options)})
}

type targetKey struct{}

// logging returns a context whose lines name the target and the delivery that
// asked for it.
func logging(ctx context.Context, t queue.Target) context.Context {
	return context.WithValue(ctx, targetKey{}, t)
}

// lookedAt is the target of a context made by [logging].
func lookedAt(ctx context.Context) (t queue.Target, ok bool) {
	t, ok = ctx.Value(targetKey{}).(queue.Target)
	return t, ok
}

// inContext adds what the context names to each record.
type inContext struct{ slog.Handler }

func (h inContext) Handle(ctx context.Context, r slog.Record) error {
	if t, ok := lookedAt(ctx); ok {
		r.AddAttrs(slog.String("delivery", t.Delivery), slog.Int64("installation", t.Ref.Installation),
			slog.String("repository", t.Ref.Owner+"/"+t.Ref.Repo), slog.Int("pull", t.Ref.Number))
	}
	return h.Handler.Handle(ctx, r)
}

func (h inContext) WithAttrs(attrs []slog.Attr) slog.Handler {
	return inContext{h.Handler.WithAttrs(attrs)}
}

func (h inContext) WithGroup(name string) slog.Handler { return inContext{h.Handler.WithGroup(name)} }
