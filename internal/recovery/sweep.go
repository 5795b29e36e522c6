package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const (
	// parts is in how many parts all repositories are swept.
	parts = 5
	// perCall is how many repositories one call asks for.
	perCall = 10
	// staleAtOnce bounds the pull requests that are looked at although nothing
	// happened, of one installation and one part of a sweep.
	staleAtOnce = 50
	// listEvery is how often it is asked anew what an installation reaches.
	listEvery = time.Hour
)

// Sweep compares a part of all repositories with what is known of them, those
// first that were last swept the longest ago. What has moved on since it was
// last looked at is looked at again, and so is what was not looked at for
// long. Lists cost one call for ten repositories; an unchanged pull request
// costs none.
func (r *Recovery) Sweep(ctx context.Context) error {
	ctx = github.WithClass(ctx, github.Background)
	installations, err := r.o.App.Installations(ctx)
	if err != nil {
		return fmt.Errorf("installations: %w", err)
	}
	var errs []error
	for _, i := range installations {
		if i.Suspended {
			continue
		}
		if err := r.installation(ctx, i); err != nil {
			errs = append(errs, fmt.Errorf("sweep installation %d on %s: %w", i.ID, i.Account, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

func (r *Recovery) installation(ctx context.Context, i github.Installation) error {
	client := r.o.App.Client(i.ID)
	if err := r.list(ctx, client, i.ID); err != nil {
		return err
	}
	all, err := r.o.Store.Repositories(ctx, i.ID)
	if err != nil {
		return err
	}
	due, err := r.o.Store.ToSweep(ctx, i.ID, r.now().Add(-r.o.Sweep/2), len(all)/parts+perCall)
	if err != nil {
		return err
	}
	floor := map[string]bool{} // owners whose organisation has a policy
	for len(due) > 0 {
		n := min(len(due), perCall)
		if err := r.repositories(ctx, client, due[:n], floor); err != nil {
			return err // the next time goes on with these
		}
		due = due[n:]
	}
	stale, err := r.o.Store.StalePulls(ctx, i.ID, r.now().Add(-r.o.Stale), staleAtOnce)
	if err != nil || len(stale) == 0 {
		return err
	}
	targets := make([]queue.Target, len(stale))
	for n, ref := range stale {
		targets[n] = queue.Target{Kind: queue.Pull, Ref: ref, Urgency: queue.Background, Why: "sweep.stale"}
	}
	r.found.WithLabelValues("stale").Add(float64(len(targets)))
	return r.queue.Add(ctx, targets...)
}

// list asks now and then what the installation reaches.
func (r *Recovery) list(ctx context.Context, client *github.Client, installation int64) error {
	mark := fmt.Sprintf("repositories of %d", installation)
	last, err := r.o.Store.Bookmark(ctx, mark)
	if err != nil || r.now().Sub(last) < listEvery {
		return err
	}
	names, err := client.Repositories(ctx)
	var e *github.Error
	if errors.As(err, &e) && e.Kind == github.TooLarge {
		r.log.Warn("an installation reaches more repositories than are listed: those that deliveries told of are swept", "installation", installation)
		return r.o.Store.SetBookmark(ctx, mark, r.now())
	}
	if err != nil {
		return err
	}
	if err := r.o.Store.Reaches(ctx, installation, names); err != nil {
		return err
	}
	return r.o.Store.SetBookmark(ctx, mark, r.now())
}

// repositories sweeps some repositories, page by page, all at once.
func (r *Recovery) repositories(ctx context.Context, client *github.Client, list []store.Swept, floor map[string]bool) error {
	started := r.now()
	type sweep struct {
		was     store.Swept
		policy  string
		after   string
		targets []queue.Target
		states  map[int]time.Time
		done    bool
		gone    bool
	}
	sweeps := make([]*sweep, len(list))
	for i, w := range list {
		states, err := r.o.Store.LookedStates(ctx, w.Ref)
		if err != nil {
			return err
		}
		sweeps[i] = &sweep{was: w, states: states}
	}
	for first := true; ; first = false {
		var asks []github.OpenAsk
		var asked []*sweep
		for _, s := range sweeps {
			if !s.done {
				asks, asked = append(asks, github.OpenAsk{Owner: s.was.Ref.Owner, Repo: s.was.Ref.Repo, Policy: policy.RepoPath, After: s.after}), append(asked, s)
			}
		}
		if len(asks) == 0 {
			break
		}
		owners := 0
		if first { // the organisations' own policies, each once a sweep
			for _, s := range sweeps {
				if _, known := floor[s.was.Ref.Owner]; !known {
					floor[s.was.Ref.Owner] = false
					asks = append(asks, github.OpenAsk{Owner: s.was.Ref.Owner, Repo: ".github", Policy: policy.FloorPath})
					owners++
				}
			}
		}
		over, err := client.Admit(ctx)
		if err != nil {
			return err
		}
		pages, err := client.OpenPages(ctx, asks)
		over()
		if err != nil {
			return err
		}
		for i := len(asks) - owners; i < len(asks); i++ {
			floor[asks[i].Owner] = pages[i].Policy != ""
			if err := r.floorChanged(ctx, list[0].Ref.Installation, asks[i].Owner, pages[i].Policy); err != nil {
				return err
			}
		}
		for i, s := range asked {
			page := pages[i]
			if !page.Found {
				s.done, s.gone = true, true
				continue
			}
			s.policy = page.Policy
			governed := page.Policy != "" || s.was.PolicySeen || floor[s.was.Ref.Owner] || r.o.AllGoverned
			last := time.Time{}
			for _, p := range page.Pulls {
				last = p.UpdatedAt
				if seen, known := s.states[p.Number]; governed && (!known || p.UpdatedAt.After(seen)) {
					ref := s.was.Ref
					ref.Number = p.Number
					s.targets = append(s.targets, queue.Target{Kind: queue.Pull, Ref: ref, Urgency: queue.Late, Why: "sweep.updated"})
				}
			}
			// Whatever comes after was known to the last sweep, if there was one.
			s.after = page.Next
			s.done = page.Next == "" || !governed || !s.was.At.IsZero() && last.Before(s.was.At.Add(-overlap))
		}
	}
	for _, s := range sweeps {
		if s.gone {
			s.policy = store.Unreachable
		}
		if !s.gone && s.policy != s.was.Policy && !s.was.At.IsZero() {
			r.found.WithLabelValues("policy").Inc()
			s.targets = append(s.targets, queue.Target{Kind: queue.Repository, Ref: s.was.Ref, Why: "sweep.policy"})
		}
		for _, t := range s.targets {
			if t.Kind == queue.Pull {
				r.found.WithLabelValues("updated").Inc()
				r.log.Info("a pull request has moved on and no delivery told", "repository", s.was.Ref.Owner+"/"+s.was.Ref.Repo, "pull", t.Ref.Number)
			}
		}
		now := store.Swept{Ref: s.was.Ref, At: started, Policy: s.policy}
		err := r.o.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			if err := r.queue.Enqueue(ctx, tx, s.targets...); err != nil {
				return err
			}
			return tx.SweptNow(ctx, now)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// floorChanged has an organisation looked at whose policy is another than at
// the last sweep.
func (r *Recovery) floorChanged(ctx context.Context, installation int64, owner, blob string) error {
	// No repository can have this name; it is the one under which the policy
	// is known to have been seen.
	mark := fact.Ref{Installation: installation, Owner: owner, Repo: ".github:" + policy.FloorPath}
	was, err := r.o.Store.SweptOf(ctx, mark)
	if err != nil || !was.At.IsZero() && was.Policy == blob {
		return err
	}
	return r.o.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if !was.At.IsZero() {
			r.found.WithLabelValues("policy").Inc()
			if err := r.queue.Enqueue(ctx, tx, queue.Target{Kind: queue.Organization, Ref: fact.Ref{Installation: installation}, Org: owner, Why: "sweep.policy"}); err != nil {
				return err
			}
		}
		return tx.SweptNow(ctx, store.Swept{Ref: mark, At: r.now(), Policy: blob})
	})
}
