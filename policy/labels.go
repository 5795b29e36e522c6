package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// labels computes which labels are in force: a label that was set stays so
// until somebody who may removes it, whatever GitHub shows.
type labels struct {
	pull    *fact.Pull
	writers *contributors
	bench   *bench
	// events are by folded name: GitHub's labels differ in more than case.
	events map[string][]fact.LabelEvent
	seen   map[string]LabelInForce
}

func newLabels(pull *fact.Pull, c *contributors, b *bench, wanted []fact.LabelEvent) *labels {
	l := &labels{
		pull: pull, writers: c, bench: b,
		events: map[string][]fact.LabelEvent{}, seen: map[string]LabelInForce{},
	}
	for _, e := range slices.Concat(pull.LabelEvents, wanted) {
		key := strings.ToLower(e.Label)
		l.events[key] = append(l.events[key], e)
	}
	for _, es := range l.events {
		slices.SortStableFunc(es, func(a, b fact.LabelEvent) int { return a.At.Compare(b.At) })
	}
	for _, name := range slices.Sorted(maps.Keys(l.events)) {
		l.standing(name, b.layer.labelDefault(name))
	}
	for _, name := range pull.Labels {
		l.standing(name, b.layer.labelDefault(name))
	}
	return l
}

// standing says how a label stands where holders of the role by decide on it;
// "" is anybody without a part in the change.
func (l *labels) standing(name, by string) labelStanding {
	key := strings.ToLower(name)
	shown := false
	for _, s := range l.pull.Labels {
		if strings.ToLower(s) == key {
			name, shown = s, true
		}
	}
	var set bool
	var setter, remover fact.LabelEvent
	for _, e := range l.events[key] {
		switch {
		case e.Added:
			set, setter, remover = true, e, fact.LabelEvent{}
		case set && l.may(e, by):
			set = false
		case set:
			remover = e
		}
	}
	if set || shown {
		in := LabelInForce{Label: name}
		if !shown && remover.Label != "" {
			in.Kept, in.By = true, fact.Login(remover.By.Login)
		}
		if !shown {
			in.Label = setter.Label
		}
		if _, ok := l.seen[key]; !ok {
			l.seen[key] = in
		}
	}
	st := labelStanding{inForce: set || shown}
	if setter.Label != "" {
		st.by = fact.Login(setter.By.Login)
		st.sure = set && shown && l.may(setter, by)
	}
	asked := key == labelSecurity && gapAbout(l.pull, fact.AboutComments) != ""
	if asked || gapAbout(l.pull, fact.AboutTimeline) != "" {
		// It may have been set or asked for where nobody could see it.
		st.inForce, st.sure = true, false
	}
	return st
}

// may reports whether who did e may decide on the label.
func (l *labels) may(e fact.LabelEvent, by string) bool {
	login := fact.Login(e.By.Login)
	if login == "" || e.By.Bot || l.writers.wrote(login) {
		return false
	}
	if by == "" {
		return true
	}
	_, ok := l.bench.seat(by).at(login, e.At)
	return ok
}

// inForce lists the labels that were found in force, by name.
func (l *labels) inForce() []LabelInForce {
	out := make([]LabelInForce, 0, len(l.seen))
	for _, key := range slices.Sorted(maps.Keys(l.seen)) {
		out = append(out, l.seen[key])
	}
	return out
}

// names lists the names of the labels that were found in force.
func (l *labels) names() []string {
	out := []string{}
	for _, in := range l.inForce() {
		out = append(out, in.Label)
	}
	return out
}
