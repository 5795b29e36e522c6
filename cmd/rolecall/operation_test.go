package main

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// get reads one of the server's own addresses.
func (w *world) get(path string) (status int, body string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.server.URL()+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// Whoever adds a table says what bounds it.
func TestThePageSaysWhatBoundsEachTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	rows, err := w.server.store.DB().QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "<!-- tables -->")
	list, _, _ = strings.Cut(list, "<!-- end of tables -->")
	said := regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(list, -1)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(said, func(m []string) bool { return m[1] == name })
		if at < 0 {
			t.Errorf("docs/operations.md, What grows, does not say what bounds the table %s", name)
			continue
		}
		said = slices.Delete(said, at, at+1)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, m := range said {
		t.Errorf("docs/operations.md, What grows, names %s, which is no table", m[1])
	}
}

// Whoever operates rolecall sees each stage at work.
func TestTheMetricsTellOfEachStage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Comment("eve", "I like it.")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		if status, answer := w.post("star", "a-star-1", []byte(`{"action":"created"}`)); status != http.StatusAccepted {
			t.Errorf("an event that is not handled: %d %s", status, answer)
		}

		for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ok\n"} {
			if status, body := w.get(path); status != http.StatusOK || body != want {
				t.Errorf("%s: %d %q", path, status, body)
			}
		}
		status, text := w.get("/metrics")
		if status != http.StatusOK {
			t.Fatalf("/metrics: %d", status)
		}
		for _, series := range []string{
			`rolecall_deliveries_total{event="pull_request",outcome="queued"}`,
			`rolecall_deliveries_total{event="issue_comment",outcome="irrelevant"}`,
			`rolecall_deliveries_total{event="other",outcome="unknown"}`,
			`rolecall_jobs_total{kind="pull",outcome="done"}`,
			`rolecall_evaluations_total{status="waiting"}`,
			`rolecall_evaluations_total{status="met"}`,
			`rolecall_github_calls_total{operation="pull",outcome="ok"}`,
			`rolecall_github_calls_total{operation="create check run",outcome="ok"}`,
			`rolecall_github_rate_limit_remaining{installation="[0-9]+",resource="graphql"}`,
			`rolecall_github_rate_limit_remaining{installation="[0-9]+",resource="core"}`,
			`rolecall_delivery_to_check_seconds_count`,
			`rolecall_delivery_to_check_seconds_sum`,
		} {
			pattern := strings.NewReplacer("{", `\{`, "}", `\}`).Replace(series)
			found := regexp.MustCompile(`(?m)^` + pattern + ` (\S+)$`).FindStringSubmatch(text)
			if found == nil {
				t.Errorf("no series %s", series)
				continue
			}
			if n, err := strconv.ParseFloat(found[1], 64); err != nil || n <= 0 {
				t.Errorf("%s is %s, want more than nothing", series, found[1])
			}
		}
	})
}
