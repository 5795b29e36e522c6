package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-github/v60/github"
)

// maxDeliveryPages bounds one reading of the delivery log, in pages of 100.
const maxDeliveryPages = 300

// FailedDelivery is an attempt to deliver a webhook that did not succeed.
type FailedDelivery struct {
	ID    int64  // of the attempt
	GUID  string // of the delivery; the same for all its attempts
	Event string
	At    time.Time
}

// FailedDeliveries lists the App's failed attempts from since on, newest
// first, as far back as GitHub's log goes: three days. More is true where
// there were more than one reading goes through.
// https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
func (a *App) FailedDeliveries(ctx context.Context, since time.Time) (list []FailedDelivery, more bool, err error) {
	cursor := ""
	for range maxDeliveryPages {
		var page []*github.HookDelivery
		next := ""
		err := a.self.do(ctx, "failed deliveries", true, func(ctx context.Context) (*github.Response, error) {
			// go-github knows no status here, which keeps the list short.
			q := url.Values{"per_page": {"100"}, "status": {"failure"}}
			if cursor != "" {
				q.Set("cursor", cursor)
			}
			req, err := a.self.rest.NewRequest(http.MethodGet, "app/hook/deliveries?"+q.Encode(), nil)
			if err != nil {
				return nil, err
			}
			page = nil
			resp, err := a.self.rest.Do(ctx, req, &page)
			if err == nil {
				next = resp.Cursor
			}
			return resp, err
		})
		if err != nil {
			return nil, false, err
		}
		for _, d := range page {
			at := d.GetDeliveredAt().Time
			if at.Before(since) {
				return list, false, nil
			}
			if code := d.GetStatusCode(); code >= 200 && code < 300 {
				continue // a server that does not know the status either
			}
			list = append(list, FailedDelivery{ID: d.GetID(), GUID: d.GetGUID(), Event: d.GetEvent(), At: at})
		}
		if next == "" || len(page) == 0 {
			return list, false, nil
		}
		cursor = next
	}
	return list, true, nil
}

// Redeliver has GitHub send the delivery of an attempt once more, with its
// GUID. [NotFound] and [Unprocessable] are of one that GitHub no longer has.
// https://docs.github.com/en/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook
func (a *App) Redeliver(ctx context.Context, attempt int64) error {
	return a.self.writeOnly(ctx, "redeliver", func(ctx context.Context) (*github.Response, error) {
		_, resp, err := a.self.rest.Apps.RedeliverHookDelivery(ctx, attempt)
		var accepted *github.AcceptedError
		if errors.As(err, &accepted) { // that is what was hoped for
			err = nil
		}
		return resp, err
	})
}

// Installation is one installation of the App.
type Installation struct {
	ID        int64
	Account   string // login of the organisation or person
	Suspended bool
}

// Installations lists where the App is installed.
func (a *App) Installations(ctx context.Context) ([]Installation, error) {
	var list []Installation
	err := a.self.pages(ctx, "installations", maxOpenPulls, func(ctx context.Context, o github.ListOptions) (*github.Response, error) {
		page, resp, err := a.self.rest.Apps.ListInstallations(ctx, &o)
		for _, i := range page {
			list = append(list, Installation{ID: i.GetID(), Account: i.GetAccount().GetLogin(), Suspended: !i.GetSuspendedAt().IsZero()})
		}
		return resp, err
	})
	return list, err
}

// Repositories lists what the installation reaches, as "owner/repo"; archived
// ones are left out, since nothing can be merged there.
func (c *Client) Repositories(ctx context.Context) ([]string, error) {
	var list []string
	err := c.pages(ctx, "repositories", maxOpenPulls, func(ctx context.Context, o github.ListOptions) (*github.Response, error) {
		page, resp, err := c.rest.Apps.ListRepos(ctx, &o)
		if err == nil {
			for _, r := range page.Repositories {
				if !r.GetArchived() {
					list = append(list, r.GetFullName())
				}
			}
		}
		return resp, err
	})
	return list, err
}

// OpenAsk asks for a page of a repository's open pull requests, the last
// updated first, and for the policy on its default branch.
type OpenAsk struct {
	Owner, Repo string
	Policy      string // path of the policy
	After       string // cursor of the page before; "" for the first
}

// OpenPage answers an [OpenAsk].
type OpenPage struct {
	Found  bool   // false: the installation does not reach it
	Policy string // blob SHA; "" where there is none
	Pulls  []OpenPull
	Next   string // cursor for the next page; "" for none
}

// OpenPull is an open pull request as lists show it.
type OpenPull struct {
	Number    int
	UpdatedAt time.Time
}

// OpenPages answers several asks, of any repositories, in one call.
func (c *Client) OpenPages(ctx context.Context, asks []OpenAsk) ([]OpenPage, error) {
	params, body, vars := "", "", map[string]any{}
	for i, a := range asks {
		params += fmt.Sprintf("$o%d:String!$n%d:String!$p%d:String!$a%d:String", i, i, i, i)
		body += fmt.Sprintf("r%d:repository(owner:$o%d,name:$n%d){policy:object(expression:$p%d){oid}pullRequests(states:[OPEN],first:50,after:$a%d,orderBy:{field:UPDATED_AT,direction:DESC}){pageInfo{hasNextPage endCursor}nodes{number updatedAt}}}", i, i, i, i, i)
		vars[fmt.Sprintf("o%d", i)], vars[fmt.Sprintf("n%d", i)], vars[fmt.Sprintf("p%d", i)] = a.Owner, a.Repo, "HEAD:"+a.Policy
		vars[fmt.Sprintf("a%d", i)] = nil
		if a.After != "" {
			vars[fmt.Sprintf("a%d", i)] = a.After
		}
	}
	var answer map[string]*struct {
		Policy       *struct{ Oid string }
		PullRequests struct {
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
			Nodes []*struct {
				Number    int
				UpdatedAt time.Time
			}
		}
	}
	_, err := c.query(ctx, "open pages", quoted("query("+params+"){"+body+"}"), vars, &answer, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	pages := make([]OpenPage, len(asks))
	for i := range asks {
		r := answer[fmt.Sprintf("r%d", i)]
		if r == nil {
			continue
		}
		p := OpenPage{Found: true}
		if r.Policy != nil {
			p.Policy = r.Policy.Oid
		}
		for _, n := range r.PullRequests.Nodes {
			if n != nil {
				p.Pulls = append(p.Pulls, OpenPull{Number: n.Number, UpdatedAt: n.UpdatedAt})
			}
		}
		if r.PullRequests.PageInfo.HasNextPage {
			p.Next = r.PullRequests.PageInfo.EndCursor
		}
		pages[i] = p
	}
	return pages, nil
}
