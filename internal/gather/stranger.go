package gather

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy/fact"
)

// strangers finds, of the people who said something on the pull request, those
// whom the policy names by login and who are not of the organisation: whoever
// leaves it keeps their login and may still review what is public, and a login
// that is given up can be taken by anybody. Members of teams are members.
//
// GitHub says with each word how its author stands, but shows concealed
// members as outsiders, so that only those who seem to be are asked about.
// https://docs.github.com/en/graphql/reference/enums#commentauthorassociation
func (r *reading) strangers(ctx context.Context, people fact.Roster) ([]string, error) {
	var named []string
	for _, holders := range people.Roles {
		for _, h := range holders.List {
			if !strings.HasPrefix(h.Via, "@") {
				named = append(named, h.Login)
			}
		}
	}
	for _, p := range r.out.Policy.Projects() {
		named = append(named, p.DRI)
	}
	var doubted []string
	said := func(who fact.Person, access string) {
		if login := fact.Login(who.Login); login != "" && !insider(access) && !who.Bot && slices.Contains(named, login) && !slices.Contains(doubted, login) {
			doubted = append(doubted, login)
		}
	}
	for _, v := range r.out.Pull.Reviews {
		said(v.Author, v.Access)
	}
	for _, c := range r.out.Pull.Comments {
		said(c.Author, c.Access)
	}
	var out []string
	for _, login := range doubted {
		member, err := r.client.IsMember(ctx, r.ref.Owner, login)
		if err != nil && github.Refusal(err) == "" {
			return nil, fmt.Errorf("is %s a member of %s: %w", login, r.ref.Owner, err)
		}
		if !member {
			out = append(out, login)
		}
	}
	slices.Sort(out)
	return out, nil
}

// insider reports whether an author association, in lower case, is of somebody
// to whom the owner gave access.
func insider(access string) bool {
	return access == "owner" || access == "member" || access == "collaborator"
}
