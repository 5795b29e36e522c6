package gather

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// renamed adds the labels that deliveries told were set and that the timeline
// does not know. Whoever can write can rename a repository's label, or delete
// it, and what was set as "security" then was never set. A label only ever
// asks for more, so that remembering one only tightens.
func renamed(timeline, told []fact.LabelEvent) []fact.LabelEvent {
	for _, e := range told {
		known := slices.ContainsFunc(timeline, func(t fact.LabelEvent) bool { return t.Added && strings.EqualFold(t.Label, e.Label) })
		if !known {
			timeline = append(timeline, e)
		}
	}
	return timeline
}
