package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// vote is one review, and what it binds to.
type vote struct {
	review fact.Review
	index  int // in Pull.Reviews
	login  string
	// commit is what the review was given on; "" where that is not known.
	commit string
	// void says why the review counts for nothing, whatever is required.
	void *Reason
}

// ballot is what one person says of the pull request now.
type ballot struct {
	login string
	index int // in subject.ballots
	bot   bool
	// approvals are the person's live approvals, the latest first. All of
	// them are kept, since an earlier one may stand where a later one does
	// not.
	approvals []*vote
	// blocks is the review by which the person requests changes now.
	blocks *vote
}

// ballots returns what each reviewer says now, by login, and the verdict on
// every review in order of the pull request.
func ballots(pull *fact.Pull) ([]*ballot, []*vote) {
	votes := make([]*vote, len(pull.Reviews))
	byLogin := map[string][]*vote{}
	for i, r := range pull.Reviews {
		v := &vote{review: r, index: i, login: fact.Login(r.Author.Login)}
		v.bind(pull)
		votes[i] = v
		byLogin[v.login] = append(byLogin[v.login], v)
	}
	out := []*ballot{}
	for login, mine := range byLogin {
		slices.SortStableFunc(mine, func(a, b *vote) int {
			return cmp.Or(a.review.At.Compare(b.review.At), cmp.Compare(a.review.ID, b.review.ID))
		})
		out = append(out, tally(login, mine, gapAbout(pull, fact.AboutReviews)))
	}
	slices.SortFunc(out, func(a, b *ballot) int { return cmp.Compare(a.login, b.login) })
	for i, b := range out {
		b.index = i
	}
	return out, votes
}

// tally goes through one person's reviews, oldest first. An approval ends a
// request for changes and the other way round, a dismissal ends both, and a
// plain comment ends neither.
func tally(login string, mine []*vote, unknown string) *ballot {
	b := &ballot{login: login}
	for i, v := range mine {
		b.bot = b.bot || v.review.Author.Bot
		switch v.review.State {
		case fact.Approved:
			for _, later := range mine[i+1:] {
				if s := later.review.State; s == fact.ChangesRequested || s == fact.Dismissed {
					v.void = overtakenBy(later)
					break
				}
			}
			if v.void == nil && unknown != "" {
				v.void = &Reason{Code: ReviewsUnknown, Detail: unknown}
			}
			if v.void == nil {
				b.approvals = append(b.approvals, v)
			}
			b.blocks = nil
		case fact.ChangesRequested:
			b.blocks = v
			for _, later := range mine[i+1:] {
				if later.review.State != fact.Commented {
					v.void = overtakenBy(later)
					break
				}
			}
		case fact.Dismissed:
			v.void = &Reason{Code: ReviewDismissed, Person: v.login}
			b.blocks = nil
		default:
			v.void = &Reason{Code: ReviewComments, Person: v.login}
		}
	}
	slices.Reverse(b.approvals)
	return b
}

func overtakenBy(later *vote) *Reason {
	return &Reason{Code: ReviewOvertaken, Person: later.login, At: later.review.At, Detail: later.review.State}
}

// bind finds the commit that the review was given on: the one in its own
// delivery, or else the one that GitHub shows, which a force-push has been
// seen to move.
func (v *vote) bind(pull *fact.Pull) {
	if v.review.State != fact.Approved {
		v.commit = cmp.Or(v.review.Delivered, v.review.Commit)
		return
	}
	if why := gapAbout(pull, fact.AboutTimeline); why != "" {
		v.void = &Reason{Code: TimelineUnknown, Detail: why}
		return
	}
	for _, r := range pull.Retargets {
		if !r.At.Before(v.review.At) {
			v.void = &Reason{Code: ReviewRetargeted, Person: v.login, At: r.At}
			return
		}
	}
	v.commit = v.review.Delivered
	if v.commit != "" {
		return
	}
	for _, p := range pull.ForcePushes {
		if !p.At.Before(v.review.At) {
			v.void = &Reason{Code: ReviewForcePushed, Person: v.login, At: p.At}
			return
		}
	}
	v.commit = v.review.Commit
	if v.commit == "" {
		v.void = &Reason{Code: ReviewUnbound, Person: v.login}
	}
}

// at is the moment by which a bounded hold of a role is judged.
func (v *vote) at() time.Time { return v.review.At }
