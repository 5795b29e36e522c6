package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v4"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

const operationsPage = "../../docs/operations.md"

// series is a metric as a server registers it.
type series struct {
	name, help string
	labels     []string
}

// description takes apart how client_golang prints a metric, which is the only
// way in which it shows one.
var description = regexp.MustCompile(`^Desc\{fqName: "([^"]*)", help: ("(?:[^"\\]|\\.)*"), unit: "[^"]*", constLabels: \{[^}]*\}, variableLabels: \{([^}]*)\}\}$`)

// registered lists the metrics of a server, sorted.
func registered(t *testing.T) []series {
	t.Helper()
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	ch := make(chan *prometheus.Desc)
	go func() {
		w.server.metrics.registry.Describe(ch)
		close(ch)
	}()
	var out []series
	for d := range ch {
		m := description.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("how is this metric called? %s", d)
		}
		var help string
		if err := json.Unmarshal([]byte(m[2]), &help); err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		s := series{name: m[1], help: help}
		if m[3] != "" {
			s.labels = strings.Split(m[3], ",")
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b series) int { return strings.Compare(a.name, b.name) })
	return out
}

// The table of metrics in the page is made of the server's own words.
func TestThePageOfOperationsNamesEveryMetric(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("| metric | labels | meaning |\n|---|---|---|\n")
	for _, s := range registered(t) {
		if strings.HasPrefix(s.name, "rolecall_") {
			fmt.Fprintf(&table, "| `%s` | %s | %s |\n", s.name, strings.Join(s.labels, ", "), s.help)
		}
	}
	page, err := os.ReadFile(operationsPage)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- metrics -->\n", "<!-- end of metrics -->\n"
	head, rest, ok := strings.Cut(string(page), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the page has no place for the table of metrics")
	}
	want := head + begin + table.String() + end + tail
	if *update {
		if err := os.WriteFile(operationsPage, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !*update && string(page) != want {
		t.Error("docs/operations.md is out of date: go test ./cmd/rolecall -run PageOfOperations -update")
	}
}

// expression checks a PromQL expression, and that the metrics and labels that
// it names are there.
func expression(t *testing.T, known []series, where, text string) {
	t.Helper()
	text = strings.ReplaceAll(text, "$__rate_interval", "5m")
	e, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	var found *series
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok || v.Name == "up" { // Prometheus's own
			return nil
		}
		i := slices.IndexFunc(known, func(s series) bool {
			return v.Name == s.name || slices.Contains([]string{s.name + "_bucket", s.name + "_sum", s.name + "_count"}, v.Name)
		})
		if i < 0 {
			t.Errorf("%s: there is no metric %s", where, v.Name)
			return nil
		}
		found = &known[i]
		for _, m := range v.LabelMatchers {
			if !slices.Contains(append([]string{"__name__", "job"}, found.labels...), m.Name) {
				t.Errorf("%s: %s has no label %s", where, v.Name, m.Name)
			}
		}
		return nil
	})
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok && found != nil {
			for _, l := range a.Grouping {
				if l != "le" && !slices.Contains(found.labels, l) {
					t.Errorf("%s: %s has no label %s", where, found.name, l)
				}
			}
		}
		return nil
	})
}

func TestTheAlertsAreSound(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/prometheus-rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	d, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithKnownFields())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Load(&rules); err != nil {
		t.Fatal(err)
	}
	known, names := registered(t), map[string]bool{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || names[r.Alert] || r.Annotations["summary"] == "" || !slices.Contains([]string{"page", "ticket"}, r.Labels["severity"]) {
				t.Errorf("the alert %q needs a name of its own, a summary and a severity", r.Alert)
			}
			names[r.Alert] = true
			if !alertFor.MatchString(r.For) {
				t.Errorf("%s: for %q", r.Alert, r.For)
			}
			expression(t, known, r.Alert, r.Expr)
			runbook(t, r.Alert, r.Annotations["runbook"])
		}
	}
	if len(names) < 10 {
		t.Errorf("only %d alerts were read", len(names))
	}
}

// alertFor is how long an alert's condition must hold; empty: not at all.
var alertFor = regexp.MustCompile(`^(\d+[smh])?$`)

// runbook checks that a page and its heading are there.
func runbook(t *testing.T, alert, link string) {
	t.Helper()
	page, anchor, _ := strings.Cut(link, "#")
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Errorf("%s: %v", alert, err)
		return
	}
	for line := range strings.Lines(string(text)) {
		heading := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
		heading = regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(heading, "")
		if anchor == "" || strings.HasPrefix(line, "#") && strings.ReplaceAll(heading, " ", "-") == anchor {
			return
		}
	}
	t.Errorf("%s: %s has no heading #%s", alert, page, anchor)
}

func TestTheDashboardIsSound(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	known := registered(t)
	var all strings.Builder
	for _, p := range board.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("the panel %q shows nothing", p.Title)
		}
		for _, q := range p.Targets {
			expression(t, known, p.Title, q.Expr)
			all.WriteString(q.Expr)
		}
	}
	for _, s := range known {
		if strings.HasPrefix(s.name, "rolecall_") && !strings.Contains(all.String(), s.name) {
			t.Errorf("no panel shows %s", s.name)
		}
	}
}
