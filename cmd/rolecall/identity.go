package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/rolecall/rolecall/internal/github"
)

// How long a start waits for GitHub to say who the App is, and how often it is
// asked again where it did not.
const (
	introduction = 5 * time.Second
	askAgain     = 5 * time.Second
)

// identity is who the App is on GitHub, as soon as GitHub says so: rolecall
// starts and takes deliveries in while GitHub cannot be reached.
type identity struct {
	app   *github.App
	log   *slog.Logger
	known atomic.Pointer[github.Identity]
	stop  context.CancelFunc // ends the asking; nil where there is none
	done  chan struct{}
}

// introduce asks GitHub who the App is, and goes on asking in the background
// where GitHub cannot be reached. An error is one that waiting does not mend,
// such as a key that GitHub does not accept.
func introduce(ctx context.Context, app *github.App, log *slog.Logger) (*identity, error) {
	i := &identity{app: app, log: log, done: make(chan struct{})}
	first, cancel := context.WithTimeout(ctx, introduction)
	defer cancel()
	_, err := i.ask(first)
	var e *github.Error
	switch {
	case err == nil:
		return i, nil
	case ctx.Err() != nil, first.Err() == nil && (!errors.As(err, &e) || !e.Temporary()):
		return nil, fmt.Errorf("ask GitHub who this App is: %w", err)
	}
	log.WarnContext(ctx, "GitHub cannot be reached: deliveries are kept, and checks wait", "error", err)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	i.stop = stop
	go i.persist(background)
	return i, nil
}

func (i *identity) persist(ctx context.Context) {
	defer close(i.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(askAgain):
		}
		who, err := i.ask(ctx)
		if err == nil {
			i.log.InfoContext(ctx, "GitHub answers", "app", who.Slug)
			return
		}
		i.log.WarnContext(ctx, "GitHub has not said who this App is", "error", err)
	}
}

// close ends the asking.
func (i *identity) close() {
	if i.stop != nil {
		i.stop()
		<-i.done
	}
}

func (i *identity) ask(ctx context.Context) (github.Identity, error) {
	who, err := i.app.Identity(ctx)
	if err == nil {
		i.known.Store(&who)
	}
	return who, err
}

// login is the App's, in the form of fact.Login. A look needs it, and fails
// until GitHub answers, as it would anyway.
func (i *identity) login(ctx context.Context) (string, error) {
	who, err := i.ask(ctx)
	return who.Login, err
}

// slug is "" as long as it is not known: then rolecall's own doings are looked
// into like anybody's, which costs calls and nothing else.
func (i *identity) slug() string {
	if who := i.known.Load(); who != nil {
		return who.Slug
	}
	return ""
}
