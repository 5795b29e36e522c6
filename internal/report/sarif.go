package report

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// The part of SARIF that rolecall writes.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Kind      string          `json:"kind"` // a level other than "none" is of what fails alone
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine int `json:"startLine"`
			} `json:"region"` // GitHub wants one
		} `json:"physicalLocation"`
	}
)

// SARIF writes a decision as SARIF 2.1.0: one result for each rule in force,
// at the changed files that it concerns. Level is error where a rule blocks.
func SARIF(w io.Writer, d policy.Decision, files []fact.File, version string) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{
		Name: "rolecall", Version: version, InformationURI: "https://github.com/rolecall/rolecall", Rules: []sarifRule{},
	}
	n := titles(d)
	for _, rule := range d.Rules {
		if !rule.InForce {
			continue
		}
		kind, level := "fail", "error"
		switch {
		case rule.Status == policy.Met:
			kind, level = "pass", "none"
		case rule.Advice || d.Observe:
			level = "note"
		}
		id := clean(rule.Name)
		if rule.Floor {
			id = "floor/" + id
		}
		about := clean(rule.Description)
		if about == "" {
			about = "rule " + clean(rule.Name)
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: id, RuleIndex: len(run.Tool.Driver.Rules), Kind: kind, Level: level,
			Message: sarifText{n.message(rule)}, Locations: locations(rule, files),
		})
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{id, sarifText{about}})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// message says whose review a rule requires, and why, in plain text.
func (n names) message(rule policy.RuleResult) string {
	var who, why []string
	lines(policy.Decision{Rules: []policy.RuleResult{rule}}, func(_ policy.RuleResult, r policy.Requirement) {
		s := n.called(r)
		if r.Status == policy.Met {
			s += " (met)"
		} else {
			s += " (" + strings.TrimSpace(Plain(n.who(r), false)) + ")"
		}
		who = append(who, s)
	})
	for _, r := range rule.Reasons {
		why = append(why, strings.TrimSpace(Plain(n.words(r), false)))
	}
	text := upper(strings.Join(why, "; ")) + "."
	if len(who) > 0 {
		text = "Review required: " + strings.Join(who, ", ") + ". " + text
	}
	return text
}

// relative is a path as a reference that no reader takes for one with a scheme.
func relative(path string) string {
	escaped := (&url.URL{Path: "./" + strings.ToValidUTF8(path, "\uFFFD")}).EscapedPath()[2:]
	return strings.ReplaceAll(escaped, ":", "%3A")
}

// maxLocations is how many GitHub shows of one result.
// https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
const maxLocations = 100

// locations are the changed files in a rule's scope, as they are called at the
// head; a result without any stands at the policy.
func locations(rule policy.RuleResult, files []fact.File) []sarifLocation {
	out := []sarifLocation{}
	add := func(path string) {
		var l sarifLocation
		l.Physical.Region.StartLine = 1
		l.Physical.Artifact.URI = relative(path)
		out = append(out, l)
	}
	for _, f := range files {
		if rule.Scope.All || slices.ContainsFunc(f.Paths(), func(p string) bool { return slices.Contains(rule.Scope.Paths, p) }) {
			add(f.Path)
		}
		if len(out) == maxLocations {
			break
		}
	}
	if len(out) == 0 {
		add(policy.RepoPath)
	}
	return out
}
