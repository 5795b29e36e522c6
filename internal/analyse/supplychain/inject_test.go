package supplychain

import (
	"slices"
	"testing"
)

func TestWhatOutsidersWriteIsToldFromWhatGitHubMakes(t *testing.T) {
	for expr, want := range map[string][]string{
		"github.event.issue.title":                            {"github.event.issue.title"},
		" GitHub . Event [ 'Issue' ].TITLE ":                  {"github.event.issue.title"},
		"format('{0}', github.event.comment.body)":            {"github.event.comment.body"},
		"github.head_ref || github.ref_name":                  {"github.head_ref"},
		"github.event.pull_request.head.ref":                  {"github.event.pull_request.head.ref"},
		"github.event.pull_request.head.repo.default_branch":  {"github.event.pull_request.head.repo.default_branch"},
		"github.event.commits.*.message":                      {"github.event.commits.*.message"},
		"github.event.commits[0].author.email":                {"github.event.commits.*.author.email"},
		"join(github.event.pull_request.labels.*.name)":       {"github.event.pull_request.labels.*.name"},
		"github.event[matrix.what].title":                     {"github.event.*.title"},
		"github[matrix.what]":                                 {"github.*"},
		"toJSON(github)":                                      {"github"},
		"toJSON(github.event)":                                {"github.event"},
		"toJSON(github.event.pull_request)":                   {"github.event.pull_request"},
		"github.event.workflow_run.head_branch":               {"github.event.workflow_run.head_branch"},
		"github.event['issue":                                 {"github.event.*"},
		"github.event.issue.title && github.event.issue.body": {"github.event.issue.title", "github.event.issue.body"},
		"github.event.a.b.c.d.e.f.g.h.i.id":                   {"github.event.a.b.c.d.e.f.g.h.i.*"},
		"format('see github.event.issue.title', github.sha)":  nil,
		"github.event.issue.number":                           nil,
		"github.event.pull_request.head.sha":                  nil,
		"github.event.pull_request.user.login":                nil,
		"github.event.pull_request.html_url":                  nil,
		"github.event.pull_request.base.ref":                  nil,
		"github.event.repository.name":                        nil,
		"github.event.inputs.title":                           nil,
		"github.sha":                                          nil,
		"steps.github.outputs.title":                          nil,
		"env.GITHUB":                                          nil,
		"secrets.GITHUB_TOKEN":                                nil,
		"github_event.issue.title":                            nil,
		"my-github.event.issue.title":                         nil,
	} {
		if got := outside(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}
