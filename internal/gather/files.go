package gather

import (
	"context"
	"fmt"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy/fact"
)

// early is a comparison by an event's word, made while the pull request is
// still being read.
type early struct {
	stop func()
	done chan struct{} // closed when the rest is set; nil where there is none
	hint Hint
	got  github.Comparison
	err  error
}

// compareEarly starts a comparison of the hint's commits, unless it is known
// already or may well be: where the head was compared with another base, only
// the pull request tells which base counts now.
func (g *Gatherer) compareEarly(ctx context.Context, client *github.Client, ref fact.Ref, hint Hint) *early {
	e := &early{stop: func() {}, hint: hint}
	if hint.BaseSHA == "" || hint.HeadSHA == "" || client.ComparedHead(ref.Owner, ref.Repo, hint.HeadSHA) {
		return e
	}
	ctx, e.stop = context.WithCancel(ctx)
	e.done = make(chan struct{})
	go func() {
		defer close(e.done)
		e.got, e.err = client.Compare(ctx, ref.Owner, ref.Repo, hint.BaseSHA, hint.HeadSHA)
	}()
	return e
}

// files finds the changed files: by comparison, and by the pull request's
// list where a comparison does not hold them all.
func (r *reading) files(ctx context.Context, e *early) error {
	p := &r.out.Pull
	compared, err := r.compared(ctx, e)
	why := github.Refusal(err)
	switch {
	case why != "":
		r.gap("what it changes is not known: its comparison with " + p.Base.Ref + " was refused because " + why)
	case err != nil:
		return err
	}
	p.MergeBase = compared.MergeBase
	p.Files = append([]fact.File(nil), compared.Files...)
	if why != "" || !compared.Complete || r.facts.ChangedFiles > len(p.Files) {
		if err := r.listed(ctx); err != nil {
			return err
		}
	}
	for _, f := range p.Files {
		for _, path := range f.Paths() {
			if why := github.StrangePath(path); why != "" {
				p.Gaps = append(p.Gaps, fact.Gap{About: fact.AboutFiles, Paths: f.Paths(), Reason: why})
				break
			}
		}
	}
	return nil
}

func (r *reading) compared(ctx context.Context, e *early) (github.Comparison, error) {
	base, head := r.out.Pull.Base.SHA, r.out.Pull.Head.SHA
	if e.done != nil && e.hint == (Hint{BaseSHA: base, HeadSHA: head}) {
		<-e.done
		return e.got, e.err
	}
	return r.client.Compare(ctx, r.ref.Owner, r.ref.Repo, base, head)
}

// listed adds what the pull request's own list of files has beyond the
// comparison's.
func (r *reading) listed(ctx context.Context) error {
	p, changed := &r.out.Pull, r.facts.ChangedFiles
	all, err := r.client.Files(ctx, r.ref, p.MergeBase, p.Head.SHA, changed)
	if why := github.Refusal(err); why != "" {
		r.gap("its list of files was refused because " + why)
		return nil
	}
	if err != nil {
		return err
	}
	have := make(map[string]bool, len(p.Files))
	for _, f := range p.Files {
		have[f.Path] = true
	}
	for _, f := range all {
		if !have[f.Path] {
			p.Files = append(p.Files, f)
		}
	}
	if len(all) < changed {
		r.gap(fmt.Sprintf("GitHub lists %d of its %d changed files", len(all), changed))
	}
	return nil
}

// gap notes that files may be missing.
func (r *reading) gap(reason string) {
	r.out.Pull.Gaps = append(r.out.Pull.Gaps, fact.Gap{About: fact.AboutFiles, Reason: reason})
}
