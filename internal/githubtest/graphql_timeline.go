package githubtest

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

// itemTypes are the timeline's items in the schema by their names in REST.
var itemTypes = map[string]string{
	"labeled": "LabeledEvent", "unlabeled": "UnlabeledEvent", "head_ref_force_pushed": "HeadRefForcePushedEvent",
	"review_requested": "ReviewRequestedEvent", "review_request_removed": "ReviewRequestRemovedEvent",
	"review_dismissed": "ReviewDismissedEvent", "comment_deleted": "CommentDeletedEvent", "commented": "IssueComment",
	"reviewed": "PullRequestReview", "committed": "PullRequestCommit", "assigned": "AssignedEvent", "unassigned": "UnassignedEvent",
	"closed": "ClosedEvent", "reopened": "ReopenedEvent", "merged": "MergedEvent", "ready_for_review": "ReadyForReviewEvent",
	"convert_to_draft": "ConvertToDraftEvent", "base_ref_changed": "BaseRefChangedEvent", "renamed": "RenamedTitleEvent",
	"added_to_merge_queue": "AddedToMergeQueueEvent", "removed_from_merge_queue": "RemovedFromMergeQueueEvent",
	"auto_merge_enabled": "AutoMergeEnabledEvent", "auto_merge_disabled": "AutoMergeDisabledEvent",
}

// itemType is the name that the schema's enum has for a type: LABELED_EVENT
// for LabeledEvent.
func itemType(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// pullEvent is an item of a pull request's timeline.
type pullEvent struct {
	*Event
	pull *Pull
}

func (q *query) timeline(p *Pull, types []string, some bool) graphql.Connection {
	var list []*Event
	for _, e := range p.timeline {
		name := itemTypes[e.kind]
		if name == "" {
			q.s.problem("GraphQL has no timeline item for %q", e.kind)
		}
		if !some || slices.Contains(types, itemType(name)) {
			list = append(list, e)
		}
	}
	c := graphql.Keyed(list, func(e *Event) int64 { return e.id }, func(e *Event) any {
		o := graphql.Object{Type: itemTypes[e.kind], Value: pullEvent{e, p}}
		switch e.kind {
		case "commented":
			o.Value = e.comment
		case "reviewed":
			o.Value = e.review
		case "committed":
			o.Value = pullCommit{p, e.commit}
		}
		return o
	})
	c.Value = p
	return c
}

// event adds to an event's own fields those that all events have.
func event(own map[string]graphql.Resolver) map[string]graphql.Resolver {
	fields := map[string]graphql.Resolver{
		"id":        of(func(_ *query, e pullEvent) any { return nodeID("Event", e.id) }),
		"actor":     of(func(_ *query, e pullEvent) any { return actorOf(e.actor) }),
		"createdAt": of(func(_ *query, e pullEvent) any { return e.at }),
	}
	for name, f := range own {
		fields[name] = f
	}
	return fields
}

type fields = map[string]graphql.Resolver

var (
	eventPull      = of(func(_ *query, e pullEvent) any { return e.pull })
	eventLabel     = of(func(_ *query, e pullEvent) any { return repoLabel{e.pull.repo, e.label} })
	eventLabelable = of(func(_ *query, e pullEvent) any { return graphql.Object{Type: "PullRequest", Value: e.pull} })
	eventReviewer  = of(func(q *query, e pullEvent) any { return q.reviewer(e.user, e.team) })
	eventUser      = of(func(_ *query, e pullEvent) any { return e.user })
	eventAssignee  = of(func(_ *query, e pullEvent) any { return actorOf(e.user) })
)

var timelineTypes = graphql.Types{
	"PullRequestTimelineItemsConnection": {
		"updatedAt": of(func(_ *query, p *Pull) any { return p.updated }),
	},
	"LabeledEvent":   event(fields{"label": eventLabel, "labelable": eventLabelable}),
	"UnlabeledEvent": event(fields{"label": eventLabel, "labelable": eventLabelable}),
	"HeadRefForcePushedEvent": event(fields{
		"pullRequest":  eventPull,
		"beforeCommit": of(func(_ *query, e pullEvent) any { return e.pull.repo.commitAt(e.before) }),
		"afterCommit":  of(func(_ *query, e pullEvent) any { return e.pull.repo.commitAt(e.after) }),
		"ref":          of(func(_ *query, e pullEvent) any { return e.pull.head.repo.ref(e.pull.head.ref) }),
	}),
	"ReviewRequestedEvent":      event(fields{"pullRequest": eventPull, "requestedReviewer": eventReviewer}),
	"ReviewRequestRemovedEvent": event(fields{"pullRequest": eventPull, "requestedReviewer": eventReviewer}),
	"ReviewDismissedEvent": event(fields{
		"pullRequest":         eventPull,
		"databaseId":          of(func(_ *query, e pullEvent) any { return e.id }),
		"dismissalMessage":    of(func(_ *query, e pullEvent) any { return optional(e.message) }),
		"previousReviewState": of(func(_ *query, e pullEvent) any { return strings.ToUpper(e.state) }),
		"review":              of(func(_ *query, e pullEvent) any { return e.review }),
	}),
	"CommentDeletedEvent": event(fields{
		"databaseId":           of(func(_ *query, e pullEvent) any { return e.id }),
		"deletedCommentAuthor": of(func(_ *query, e pullEvent) any { return actorOf(e.author) }),
	}),
	"AssignedEvent":       event(fields{"assignable": eventLabelable, "assignee": eventAssignee, "user": eventUser}),
	"UnassignedEvent":     event(fields{"assignable": eventLabelable, "assignee": eventAssignee, "user": eventUser}),
	"ClosedEvent":         event(fields{"closable": eventLabelable}),
	"ReopenedEvent":       event(fields{"closable": eventLabelable}),
	"ReadyForReviewEvent": event(fields{"pullRequest": eventPull}),
	"ConvertToDraftEvent": event(fields{"pullRequest": eventPull}),
	"MergedEvent": event(fields{
		"pullRequest": eventPull,
		"commit":      of(func(_ *query, e pullEvent) any { return e.pull.repo.commitAt(e.pull.mergeCommit) }),
	}),
	"AutoMergeRequest": {
		"enabledAt":   of(func(_ *query, p *Pull) any { return p.autoMerge.at }),
		"enabledBy":   of(func(_ *query, p *Pull) any { return actorOf(p.autoMerge.by) }),
		"mergeMethod": of(func(_ *query, _ *Pull) any { return "MERGE" }),
		"pullRequest": of(func(_ *query, p *Pull) any { return p }),
	},
	"BaseRefChangedEvent": event(fields{
		"pullRequest":     eventPull,
		"previousRefName": of(func(_ *query, e pullEvent) any { return e.before }),
		"currentRefName":  of(func(_ *query, e pullEvent) any { return e.after }),
	}),
	"RenamedTitleEvent": event(fields{
		"previousTitle": of(func(_ *query, e pullEvent) any { return e.before }),
		"currentTitle":  of(func(_ *query, e pullEvent) any { return e.after }),
	}),
	"AddedToMergeQueueEvent":     event(fields{"pullRequest": eventPull}),
	"RemovedFromMergeQueueEvent": event(fields{"pullRequest": eventPull}),
	"AutoMergeEnabledEvent": event(fields{
		"pullRequest": eventPull,
		"enabler":     of(func(_ *query, e pullEvent) any { return e.actor }),
	}),
	"AutoMergeDisabledEvent": event(fields{
		"pullRequest": eventPull,
		"disabler":    of(func(_ *query, e pullEvent) any { return e.actor }),
		"reason":      of(func(_ *query, e pullEvent) any { return optional(e.message) }),
	}),
}
