package githubtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

// runFilter chooses check runs.
type runFilter struct {
	app         int64
	name        string
	latest      bool
	statuses    []string
	conclusions []string
}

func runFilterOf(a graphql.Args) runFilter {
	app, _ := a.Int("appId")
	f := runFilter{app: int64(app), name: a.String("checkName"), latest: a.String("checkType") == "LATEST"}
	f.statuses, _ = a.Strings("statuses")
	if one := a.String("status"); one != "" {
		f.statuses = append(f.statuses, one)
	}
	f.conclusions, _ = a.Strings("conclusions")
	return f
}

func (f runFilter) of(runs []*CheckRun) []*CheckRun {
	var out []*CheckRun
	for _, run := range runs {
		switch {
		case f.app != 0 && f.app != run.app.id, f.name != "" && f.name != run.name:
		case len(f.statuses) > 0 && !slices.Contains(f.statuses, strings.ToUpper(run.status)):
		case len(f.conclusions) > 0 && !slices.Contains(f.conclusions, strings.ToUpper(run.conclusion)):
		default:
			out = append(out, run)
		}
	}
	return out
}

// runs lists the suite's check runs.
func (c *checkSuite) runs(latest bool) []*CheckRun {
	all := c.repo.runs[c.sha]
	if latest {
		all = c.repo.latestRuns(c.sha)
	}
	var out []*CheckRun
	for _, run := range all {
		if run.suite == c {
			out = append(out, run)
		}
	}
	return out
}

// checkSuites are the suites of a commit in the order of their making.
func (q *query) checkSuites(c gitCommit, filter graphql.Args) any {
	f := runFilterOf(filter)
	return q.guarded(c.repo, "checks", func() any {
		var list []*checkSuite
		for key, suite := range c.repo.suites {
			if key.sha == c.sha && (f.app == 0 || f.app == key.app) && (f.name == "" || len(f.of(suite.runs(false))) > 0) {
				list = append(list, suite)
			}
		}
		slices.SortFunc(list, func(a, b *checkSuite) int { return cmp.Compare(a.id, b.id) })
		return graphql.Of(list, func(s *checkSuite) any { return s })
	})
}

// rollup is the sum of a commit's checks and statuses.
type rollup struct {
	commit   gitCommit
	runs     []*CheckRun
	statuses []*Status
}

// rollup is null where the commit has no checks and no statuses.
func (q *query) rollup(c gitCommit) any {
	r := rollup{commit: c}
	if q.allow(c.repo, "checks") == nil {
		r.runs = c.repo.latestRuns(c.sha)
	}
	if q.allow(c.repo, "statuses") == nil {
		r.statuses = c.repo.latestStatuses(c.sha)
	}
	if len(r.runs)+len(r.statuses) == 0 {
		return nil
	}
	return r
}

func (r rollup) contexts() []any {
	var out []any
	for _, run := range r.runs {
		out = append(out, graphql.Object{Type: "CheckRun", Value: run})
	}
	for _, st := range r.statuses {
		out = append(out, graphql.Object{Type: "StatusContext", Value: st})
	}
	return out
}

// state is the worst of all: "FAILURE", then "PENDING", then "SUCCESS".
func (r rollup) state() string {
	state := "SUCCESS"
	worse := func(s string) {
		if s == "FAILURE" || s == "PENDING" && state == "SUCCESS" {
			state = s
		}
	}
	for _, run := range r.runs {
		switch {
		case run.status != "completed":
			worse("PENDING")
		case !slices.Contains([]string{"success", "neutral", "skipped"}, run.conclusion):
			worse("FAILURE")
		}
	}
	for _, st := range r.statuses {
		switch st.state {
		case "pending":
			worse("PENDING")
		case "failure", "error":
			worse("FAILURE")
		}
	}
	return state
}

func (c *CheckRun) htmlURL() string {
	return c.s.page("/%s/runs/%d", c.repo.fullName(), c.id)
}

var checkTypes = graphql.Types{
	"CheckSuite": {
		"id":         of(func(_ *query, c *checkSuite) any { return nodeID("CheckSuite", c.id) }),
		"databaseId": of(func(_ *query, c *checkSuite) any { return c.id }),
		"app":        of(func(_ *query, c *checkSuite) any { return c.app }),
		"status":     of(func(_ *query, c *checkSuite) any { return strings.ToUpper(c.status) }),
		"conclusion": of(func(_ *query, c *checkSuite) any { return optional(strings.ToUpper(c.conclusion)) }),
		"commit":     of(func(_ *query, c *checkSuite) any { return c.repo.commitAt(c.sha) }),
		"branch":     of(func(_ *query, c *checkSuite) any { return c.repo.ref(c.branch) }),
		"repository": of(func(_ *query, c *checkSuite) any { return c.repo }),
		"createdAt":  of(func(_ *query, c *checkSuite) any { return c.created }),
		"updatedAt":  of(func(_ *query, c *checkSuite) any { return c.updated }),
		"checkRuns": on(func(_ *query, c *checkSuite, a graphql.Args) any {
			f := runFilterOf(a.Input("filterBy"))
			return graphql.Of(f.of(c.runs(f.latest)), func(r *CheckRun) any { return r })
		}),
	},
	"CheckRun": {
		"id":          of(func(_ *query, c *CheckRun) any { return nodeID("CheckRun", c.id) }),
		"databaseId":  of(func(_ *query, c *CheckRun) any { return c.id }),
		"name":        of(func(_ *query, c *CheckRun) any { return c.name }),
		"status":      of(func(_ *query, c *CheckRun) any { return strings.ToUpper(c.status) }),
		"conclusion":  of(func(_ *query, c *CheckRun) any { return optional(strings.ToUpper(c.conclusion)) }),
		"externalId":  of(func(_ *query, c *CheckRun) any { return c.externalID }),
		"detailsUrl":  of(func(_ *query, c *CheckRun) any { return cmp.Or(c.detailsURL, c.htmlURL()) }),
		"permalink":   of(func(_ *query, c *CheckRun) any { return c.htmlURL() }),
		"url":         of(func(_ *query, c *CheckRun) any { return c.htmlURL() }),
		"title":       of(func(_ *query, c *CheckRun) any { return optional(c.title) }),
		"summary":     of(func(_ *query, c *CheckRun) any { return optional(c.summary) }),
		"text":        of(func(_ *query, c *CheckRun) any { return optional(c.text) }),
		"startedAt":   of(func(_ *query, c *CheckRun) any { return c.started }),
		"completedAt": of(func(_ *query, c *CheckRun) any { return c.completed }),
		"checkSuite":  of(func(_ *query, c *CheckRun) any { return c.suite }),
		"repository":  of(func(_ *query, c *CheckRun) any { return c.repo }),
	},
	"App": {
		"id":         of(func(_ *query, a *App) any { return nodeID("App", a.id) }),
		"databaseId": of(func(_ *query, a *App) any { return a.id }),
		"slug":       of(func(_ *query, a *App) any { return a.slug }),
		"name":       of(func(_ *query, a *App) any { return a.name }),
		"url":        of(func(q *query, a *App) any { return q.s.page("/apps/%s", a.slug) }),
		"createdAt":  of(func(_ *query, a *App) any { return a.created }),
	},
	"StatusCheckRollup": {
		"id":     of(func(_ *query, r rollup) any { return fmt.Sprintf("SCR_%d_%s", r.commit.repo.id, r.commit.sha) }),
		"commit": of(func(_ *query, r rollup) any { return r.commit }),
		"state":  of(func(_ *query, r rollup) any { return r.state() }),
		"contexts": of(func(_ *query, r rollup) any {
			c := graphql.Of(r.contexts(), func(v any) any { return v })
			c.Value = r
			return c
		}),
	},
	"StatusCheckRollupContextConnection": {
		"checkRunCount":      of(func(_ *query, r rollup) any { return len(r.runs) }),
		"statusContextCount": of(func(_ *query, r rollup) any { return len(r.statuses) }),
	},
	"StatusContext": {
		"id":          of(func(_ *query, st *Status) any { return nodeID("Status", st.id) }),
		"context":     of(func(_ *query, st *Status) any { return st.context }),
		"state":       of(func(_ *query, st *Status) any { return strings.ToUpper(st.state) }),
		"description": of(func(_ *query, st *Status) any { return optional(st.description) }),
		"targetUrl":   of(func(_ *query, st *Status) any { return optional(st.target) }),
		"createdAt":   of(func(_ *query, st *Status) any { return st.at }),
		"creator":     of(func(_ *query, st *Status) any { return actorOf(st.creator) }),
		"commit":      of(func(_ *query, st *Status) any { return st.repo.commitAt(st.sha) }),
	},
}
