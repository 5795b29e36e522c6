package github

import (
	"regexp"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// person is who an actor is. GitHub gives none for a deleted account.
func (a *actor) person() fact.Person {
	if a == nil || a.Login == "" {
		return fact.Person{Name: "a deleted account"}
	}
	return fact.Person{Login: fact.Login(a.Login), Bot: a.Typename != "User" && a.Typename != "EnterpriseUserAccount"}
}

func (s *speaker) person() fact.Person {
	if s == nil {
		return (*actor)(nil).person()
	}
	return (&actor{Typename: s.Typename, Login: s.Login}).person()
}

// names are a reviewer's login or team; both empty where GitHub does not show
// who it is.
func (r *reviewer) names() (login, team string) {
	if r == nil {
		return "", ""
	}
	switch r.Typename {
	case "User", "Bot", "Mannequin":
		return fact.Login(r.Login), ""
	case "Team":
		team, _ = fact.Team(r.CombinedSlug)
		return "", team
	}
	return "", ""
}

func (it timelineItem) addTo(p *fact.Pull) {
	by, at := it.Actor.person(), it.CreatedAt.UTC()
	switch it.Typename {
	case "LabeledEvent", "UnlabeledEvent":
		p.LabelEvents = append(p.LabelEvents, fact.LabelEvent{Label: it.Label.Name, Added: it.Typename == "LabeledEvent", By: by, At: at})
	case "HeadRefForcePushedEvent":
		e := fact.ForcePush{By: by, At: at}
		if c := it.BeforeCommit; c != nil {
			e.Before = c.Oid
		}
		if c := it.AfterCommit; c != nil {
			e.After = c.Oid
		}
		p.ForcePushes = append(p.ForcePushes, e)
	case "BaseRefChangedEvent":
		p.Retargets = append(p.Retargets, fact.Retarget{From: it.PreviousRefName, To: it.CurrentRefName, By: by, At: at})
	case "CommentDeletedEvent":
		p.DeletedComments = append(p.DeletedComments, fact.DeletedComment{Author: it.DeletedCommentAuthor.person(), By: by, At: at})
	case "ReviewRequestedEvent", "ReviewRequestRemovedEvent":
		if login, team := it.RequestedReviewer.names(); login != "" || team != "" {
			p.RequestEvents = append(p.RequestEvents, fact.RequestEvent{
				Login: login, Team: team, Added: it.Typename == "ReviewRequestedEvent", By: by, At: at,
			})
		}
	}
}

func (n reviewNode) review() fact.Review {
	r := fact.Review{ID: int64(n.FullDatabaseID), Author: n.Author.person(), State: strings.ToLower(n.State), Access: strings.ToLower(n.AuthorAssociation)}
	if n.SubmittedAt != nil {
		r.At = n.SubmittedAt.UTC()
	}
	if n.Commit != nil {
		r.Commit = n.Commit.Oid
	}
	return r
}

// reactions maps GraphQL's names to the ones that REST takes.
// https://docs.github.com/rest/reactions/reactions#about-reactions
var reactions = map[string]string{
	"THUMBS_UP": "+1", "THUMBS_DOWN": "-1", "LAUGH": "laugh", "HOORAY": "hooray",
	"CONFUSED": "confused", "HEART": "heart", "ROCKET": "rocket", "EYES": "eyes",
}

func (n commentNode) comment() fact.Comment {
	c := fact.Comment{
		ID:     int64(n.FullDatabaseID),
		NodeID: n.ID,
		Author: n.Author.person(),
		Body:   n.Body,
		At:     n.CreatedAt.UTC(),
		Edited: n.LastEditedAt != nil || n.IncludesCreatedEdit || n.Editor != nil,
		Access: strings.ToLower(n.AuthorAssociation),
		Own:    n.ViewerDidAuthor,
	}
	if n.Editor != nil {
		c.Editor = fact.Login(n.Editor.Login)
	}
	for _, g := range n.ReactionGroups {
		if g.ViewerHasReacted && reactions[g.Content] != "" {
			c.Reactions = append(c.Reactions, reactions[g.Content])
		}
	}
	return c
}

func (n commitNode) commit() fact.Commit {
	c := fact.Commit{SHA: n.Oid, Tree: n.Tree.Oid, At: n.CommittedDate.UTC()}
	for _, p := range n.Parents.Nodes {
		c.Parents = append(c.Parents, p.Oid)
	}
	seen := make(map[fact.Person]bool)
	add := func(p fact.Person) {
		if !seen[p] {
			seen[p] = true
			c.People = append(c.People, p)
		}
	}
	if n.Author != nil {
		add(n.Author.person())
	}
	for _, a := range n.Authors.Nodes {
		add(a.person())
	}
	if n.Committer != nil && !n.Committer.webFlow() {
		add(n.Committer.person())
	}
	return c
}

// webFlow tells GitHub itself, which commits what is made on its pages.
// https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification
func (a gitActor) webFlow() bool {
	if a.User != nil {
		return fact.Login(a.User.Login) == "web-flow"
	}
	return value(a.Email) == "noreply@github.com" && value(a.Name) == "GitHub"
}

// botAddress is the address that GitHub gives to the commits of Apps, to
// which it shows no user.
var botAddress = regexp.MustCompile(`^\d+\+([a-z0-9-]+)\[bot\]@users\.noreply\.`)

// person is a commit's identity. That a commit claims to be a bot's proves
// nothing, and loosens nothing: it only gives the one who claims it a name.
func (a gitActor) person() fact.Person {
	if a.User != nil && a.User.Login != "" {
		return fact.Person{Login: fact.Login(a.User.Login)}
	}
	name, email := value(a.Name), value(a.Email)
	if m := botAddress.FindStringSubmatch(strings.ToLower(email)); m != nil {
		return fact.Person{Login: m[1], Bot: true}
	}
	return fact.Person{Name: name, Email: email}
}

func (n checkRunNode) checkRun(sha string, ours bool) fact.CheckRun {
	c := fact.CheckRun{
		Name: n.Name, SHA: sha, Ours: ours,
		Status: strings.ToLower(n.Status), Conclusion: strings.ToLower(value(n.Conclusion)), ExternalID: value(n.ExternalID),
	}
	if n.DatabaseID != nil {
		c.ID = *n.DatabaseID
	}
	if n.StartedAt != nil {
		c.StartedAt = n.StartedAt.UTC()
	}
	return c
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
