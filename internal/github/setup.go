package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// Grant is what the App asks for, or what an installation grants it.
type Grant struct {
	// Permissions maps GitHub's names, such as "pull_requests", to "read",
	// "write" or "admin".
	Permissions map[string]string `json:"permissions"`
	Events      []string          `json:"events"` // subscribed to
	Page        string            `json:"html_url"`
}

// Installed is how the App is installed where a repository lives.
type Installed struct {
	Grant
	ID          int64     `json:"id"`
	SuspendedAt time.Time `json:"suspended_at"` // zero where it is not
}

// Hook is how GitHub delivers to the App. GitHub shows a secret as asterisks.
type Hook struct {
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
	InsecureSSL any    `json:"insecure_ssl"` // "0" or 0: certificates are checked
	Secret      string `json:"secret"`
}

// Required is a check that a branch requires before a merge.
type Required struct {
	Context string
	App     int64 // whose check it must be; 0: anybody's
}

// Branch is a branch with its classic protection.
type Branch struct {
	Name      string
	SHA       string
	Protected bool // by classic protection
	Required  []Required
	// Enforcement is whom classic protection's required checks hold:
	// "everyone", "non_admins", "off"; "" where there are none.
	Enforcement string
}

// Rule is one rule of a ruleset that is in force for a branch.
type Rule struct {
	Type     string // "required_status_checks", "pull_request", "non_fast_forward", …
	Ruleset  int64
	Source   string // "owner/repo", or the organisation
	Required []Required
	// Strict and NotOnCreation are settings of required checks: that branches
	// are up to date, and that new branches need none.
	Strict, NotOnCreation bool
	// DismissStale is a setting of required pull requests: a push dismisses
	// the approvals before it.
	DismissStale bool
}

// Actor is who may pass a ruleset by.
type Actor struct {
	Kind string `json:"actor_type"` // "Team", "OrganizationAdmin", "RepositoryRole", "Integration", "DeployKey", "User"
	ID   int64  `json:"actor_id"`
	Mode string `json:"bypass_mode"` // "always", "pull_request", "exempt"
}

// Grant asks what the App itself is registered for.
// https://docs.github.com/rest/apps/apps#get-the-authenticated-app
func (a *App) Grant(ctx context.Context) (Grant, error) {
	return get[Grant](ctx, a.self, "app", "app")
}

// Hook asks how GitHub delivers to the App.
// https://docs.github.com/rest/apps/webhooks#get-a-webhook-configuration-for-an-app
func (a *App) Hook(ctx context.Context) (Hook, error) {
	return get[Hook](ctx, a.self, "webhook", "app/hook/config")
}

// Installed finds the installation that covers a repository; [NotFound] where
// none does.
// https://docs.github.com/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
func (a *App) Installed(ctx context.Context, owner, repo string) (Installed, error) {
	return get[Installed](ctx, a.self, "installation", fmt.Sprintf("repos/%s/%s/installation", owner, repo))
}

// DefaultBranch is the name of a repository's default branch.
func (c *Client) DefaultBranch(ctx context.Context, owner, repo string) (string, error) {
	got, err := get[struct {
		DefaultBranch string `json:"default_branch"`
	}](ctx, c, "repository", fmt.Sprintf("repos/%s/%s", owner, repo))
	return got.DefaultBranch, err
}

// Branch reads a branch with as much of its classic protection as GitHub
// shows to whoever may read contents.
// https://docs.github.com/rest/branches/branches#get-a-branch
func (c *Client) Branch(ctx context.Context, owner, repo, branch string) (Branch, error) {
	got, err := get[struct {
		Name   string
		Commit struct {
			SHA string `json:"sha"`
		}
		Protected  bool
		Protection struct {
			Checks struct {
				Enforcement string `json:"enforcement_level"`
				Contexts    []string
				Checks      []struct {
					Context string
					AppID   *int64 `json:"app_id"`
				}
			} `json:"required_status_checks"`
		}
	}](ctx, c, "branch", fmt.Sprintf("repos/%s/%s/branches/%s", owner, repo, url.PathEscape(branch)))
	out := Branch{Name: got.Name, SHA: got.Commit.SHA, Protected: got.Protected, Enforcement: got.Protection.Checks.Enforcement}
	pinned := map[string]bool{}
	for _, r := range got.Protection.Checks.Checks {
		pinned[r.Context] = true
		one := Required{Context: r.Context}
		if r.AppID != nil && *r.AppID > 0 { // -1 is anybody, as null is
			one.App = *r.AppID
		}
		out.Required = append(out.Required, one)
	}
	for _, context := range got.Protection.Checks.Contexts {
		if !pinned[context] {
			out.Required = append(out.Required, Required{Context: context})
		}
	}
	return out, err
}

// Rules lists the rules of all rulesets that are in force for a branch, the
// organisation's included.
// https://docs.github.com/rest/repos/rules#get-rules-for-a-branch
func (c *Client) Rules(ctx context.Context, owner, repo, branch string) ([]Rule, error) {
	var out []Rule
	err := c.pages(ctx, "branch rules", 10, func(ctx context.Context, o github.ListOptions) (*github.Response, error) {
		var list []struct {
			Type       string
			Ruleset    int64  `json:"ruleset_id"`
			Source     string `json:"ruleset_source"`
			Parameters struct {
				Checks []struct {
					Context string
					App     int64 `json:"integration_id"`
				} `json:"required_status_checks"`
				Strict        bool `json:"strict_required_status_checks_policy"`
				NotOnCreation bool `json:"do_not_enforce_on_create"`
				DismissStale  bool `json:"dismiss_stale_reviews_on_push"`
			}
		}
		resp, err := c.fetch(ctx, fmt.Sprintf("repos/%s/%s/rules/branches/%s?per_page=%d&page=%d", owner, repo, url.PathEscape(branch), o.PerPage, o.Page), &list)
		for _, r := range list {
			rule := Rule{
				Type: r.Type, Ruleset: r.Ruleset, Source: r.Source,
				Strict: r.Parameters.Strict, NotOnCreation: r.Parameters.NotOnCreation, DismissStale: r.Parameters.DismissStale,
			}
			for _, check := range r.Parameters.Checks {
				rule.Required = append(rule.Required, Required(check))
			}
			out = append(out, rule)
		}
		return resp, err
	})
	return out, err
}

// Bypass lists who may pass a ruleset by. GitHub shows the list only to those
// who may edit the ruleset, so that it is mostly unknown to an App.
// https://docs.github.com/rest/repos/rules#get-a-repository-ruleset
func (c *Client) Bypass(ctx context.Context, owner, repo string, ruleset int64) (fact.Maybe[[]Actor], error) {
	got, err := get[struct {
		Actors *[]Actor `json:"bypass_actors"`
	}](ctx, c, "ruleset", fmt.Sprintf("repos/%s/%s/rulesets/%d", owner, repo, ruleset))
	if err != nil || got.Actors == nil {
		return fact.Unknown[[]Actor]("GitHub shows it only to those who may edit the ruleset"), err
	}
	return fact.Known(*got.Actors), nil
}

// TeamReaches reports whether a team, "org/slug", has access to a repository,
// without which GitHub lets nobody ask it for a review.
// https://docs.github.com/rest/teams/teams#check-team-permissions-for-a-repository
func (c *Client) TeamReaches(ctx context.Context, team, owner, repo string) (bool, error) {
	org, slug, ok := strings.Cut(team, "/")
	if !ok {
		return false, &Error{Op: "team access", Kind: Invalid, Message: fmt.Sprintf("%q is no team", team)}
	}
	err := c.do(ctx, "team access", true, func(ctx context.Context) (*github.Response, error) {
		return c.fetch(ctx, fmt.Sprintf("orgs/%s/teams/%s/repos/%s/%s", org, slug, owner, repo), nil)
	})
	var e *Error
	if errors.As(err, &e) && e.Kind == NotFound {
		return false, nil
	}
	return err == nil, err
}

// get performs one read whose answer is a single object.
func get[T any](ctx context.Context, c *Client, op, path string) (T, error) {
	var out T
	err := c.do(ctx, op, true, func(ctx context.Context) (*github.Response, error) {
		var fresh T // what an earlier attempt left is of no use
		resp, err := c.fetch(ctx, path, &fresh)
		out = fresh
		return resp, err
	})
	return out, err
}

// fetch makes one GET request; it is for answers whose shape go-github does
// not have, or has too narrow.
func (c *Client) fetch(ctx context.Context, path string, into any) (*github.Response, error) {
	req, err := c.rest.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	return c.answer(ctx, req, into)
}
