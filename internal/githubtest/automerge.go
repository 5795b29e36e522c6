package githubtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// AutoMerge is that a pull request is to be merged as soon as its branch's
// rules let it be.
// https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/automatically-merging-a-pull-request
type AutoMerge struct {
	by *User
	at time.Time
}

// EnableAutoMerge arms auto-merge, as the button does. The error says why
// GitHub would not: who asks cannot write, or nothing is left to wait for.
func (p *Pull) EnableAutoMerge(login string) error {
	defer p.s.lock()()
	by := p.s.user(login)
	switch {
	case !p.repo.mayWrite(by):
		return fmt.Errorf("%s does not have the correct permissions to execute EnablePullRequestAutoMerge", login)
	case p.closed:
		return fmt.Errorf("pull request is closed")
	case p.blocked() == "":
		return fmt.Errorf("pull request is in clean status")
	}
	p.autoMerge = &AutoMerge{by, p.s.now()}
	p.s.armed[p.id] = p
	p.event(&Event{kind: "auto_merge_enabled", actor: by})
	p.s.emitPull(p, "auto_merge_enabled", by, object{"reason": ""})
	return nil
}

// DisableAutoMerge takes auto-merge back, as the button does.
func (p *Pull) DisableAutoMerge(login string) {
	defer p.s.lock()()
	p.disarm(p.s.user(login), "user")
}

// AutoMergeBy is who armed auto-merge; "" where it is not armed.
func (p *Pull) AutoMergeBy() string {
	defer p.s.lock()()
	if p.autoMerge == nil {
		return ""
	}
	return p.autoMerge.by.login
}

// disarm ends auto-merge without a merge.
func (p *Pull) disarm(by *User, reason string) {
	if p.autoMerge == nil {
		return
	}
	p.autoMerge = nil
	delete(p.s.armed, p.id)
	p.event(&Event{kind: "auto_merge_disabled", actor: by, message: reason})
	p.s.emitPull(p, "auto_merge_disabled", by, object{"reason": reason})
}

// distrust ends auto-merge where somebody who cannot write pushed to the head
// or changed the base: "auto-merge will be disabled" then, and for nobody else.
func (p *Pull) distrust(by *User) {
	if !p.repo.mayWrite(by) {
		p.disarm(by, "untrusted change")
	}
}

// mergeArmed merges what auto-merge waited for. It is called whenever the lock
// is given back, which is whenever anything may have changed, so that nothing
// comes between a check's green and the merge (behaviour 26).
func (s *Server) mergeArmed() {
	for len(s.armed) > 0 {
		merged := false
		for _, p := range slices.SortedFunc(maps.Values(s.armed), func(a, b *Pull) int { return cmp.Compare(a.id, b.id) }) {
			if p.closed || p.blocked() != "" || !p.repo.mayWrite(p.autoMerge.by) {
				continue
			}
			by := p.autoMerge.by
			if _, queued := p.repo.queue[p.base.ref]; queued {
				if p.queueEntry() == nil {
					p.enqueue(by)
				}
				continue
			}
			if p.merge(by) == nil { // a conflict waits for who resolves it
				merged = true
			}
		}
		if !merged {
			return
		}
	}
}

func (r *Repo) mayWrite(u *User) bool {
	return permissionRank[r.permissionOf(u)] >= permissionRank["push"]
}

func (s *Server) autoMergeObject(m *AutoMerge) any {
	if m == nil {
		return nil
	}
	return object{"enabled_by": s.userObject(m.by), "merge_method": "merge", "commit_title": "", "commit_message": ""}
}
