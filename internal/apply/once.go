package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy/fact"
)

// Sent remembers what GitHub would write twice.
type Sent interface {
	// Sending reports false where the same was sent less than settled ago, and
	// may appear yet.
	Sending(ctx context.Context, ref fact.Ref, what string, settled time.Duration) (ok bool, err error)
	NotSent(ctx context.Context, ref fact.Ref, what string) error
}

// Unsettled is the error of what may be on its way: a later look may see it. It
// is that of [Applier.Apply] where all else is done.
type Unsettled struct {
	Until time.Time // when that is certain
}

func (*Unsettled) Error() string { return "it was sent a moment ago, and may appear yet" }

// once writes what must not stand twice, and bears a marker by which the next
// look finds it: not before it is certain what became of an earlier try, whose
// process was killed or lost patience.
func (a *Applier) once(ctx context.Context, ref fact.Ref, marker string, write func() error) error {
	what := fmt.Sprintf("#%d %s", ref.Number, marker)
	ok, err := a.Sent.Sending(ctx, ref, what, a.Settled)
	if err != nil {
		return err
	}
	if !ok {
		return &Unsettled{time.Now().Add(a.Settled)}
	}
	err = write()
	var e *github.Error
	if err == nil || !errors.As(err, &e) || e.Pending() && e.Status == 0 {
		return err
	}
	return errors.Join(err, a.Sent.NotSent(context.WithoutCancel(ctx), ref, what))
}

// comment writes a comment that begins with its marker.
func (a *Applier) comment(ctx context.Context, ref fact.Ref, marker, text string) error {
	return a.once(ctx, ref, marker, func() error {
		_, err := a.GitHub.CreateComment(ctx, ref, marker+"\n"+text)
		return err
	})
}
