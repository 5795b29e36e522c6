package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/internal/webhook"
	"github.com/rolecall/rolecall/policy/fact"
	contract "github.com/rolecall/rolecall/testdata/github"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	flag.Parse()
	storetest.Main(m)
}

const appID = 29310

// external reads "7/3/x" as pull request 7, generation 3.
func external(id string) (number int, generation int64, ok bool) {
	n, err := fmt.Sscanf(id, "%d/%d/", &number, &generation)
	return number, generation, err == nil && n == 2
}

// receiver is a webhook with its store and a queue that only takes wishes.
type receiver struct {
	http.Handler
	t        testing.TB
	store    *store.Store
	queue    *queue.Queue
	registry *prometheus.Registry
	guids    int
}

func receive(t testing.TB, url string) *receiver {
	t.Helper()
	s := storetest.Open(t, url)
	q, err := queue.New(t.Context(), s, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	h, err := webhook.New(webhook.Options{
		Secrets: [][]byte{[]byte("new"), []byte("old")}, Store: s, Queue: q,
		AppID: appID, Slug: func() string { return "rolecall-acme" }, External: external, Metrics: registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &receiver{Handler: h, t: t, store: s, queue: q, registry: registry}
}

func sign(algorithm func() hash.Hash, prefix, secret string, body []byte) string {
	m := hmac.New(algorithm, []byte(secret))
	m.Write(body)
	return prefix + "=" + hex.EncodeToString(m.Sum(nil))
}

// request is a delivery as GitHub sends it.
func request(event, guid string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature-256", sign(sha256.New, "sha256", "new", body))
	return r
}

func (r *receiver) do(q *http.Request) (int, string) {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w.Code, strings.TrimSpace(w.Body.String())
}

// deliver sends the body as a new delivery, wants it accepted, and returns the
// looks that are outstanding.
func (r *receiver) deliver(event string, body any) []string {
	r.t.Helper()
	b, ok := body.([]byte)
	if !ok {
		var err error
		if b, err = json.Marshal(body); err != nil {
			r.t.Fatal(err)
		}
	}
	r.guids++
	if code, text := r.do(request(event, fmt.Sprintf("guid-%d", r.guids), b)); code != http.StatusAccepted {
		r.t.Fatalf("%s: %d %s", event, code, text)
	}
	return r.looks()
}

// looks are the keys of the looks that are outstanding, sorted.
func (r *receiver) looks() []string {
	r.t.Helper()
	rows, err := r.store.DB().QueryContext(context.Background(), "SELECT key FROM looks ORDER BY key")
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			r.t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// clear forgets what is outstanding.
func (r *receiver) clear() {
	r.t.Helper()
	err := r.store.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		for _, table := range []string{"looks", "river_job"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// outcomes are the values of the counter of deliveries.
func (r *receiver) outcomes() map[string]float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "rolecall_deliveries_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			counts[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
		}
	}
	return counts
}

// object is a JSON object under construction.
type object = map[string]any

// event is a payload with what every one has.
func event(action string, more object) object {
	p := object{
		"action": action, "installation": object{"id": 7},
		"repository":   object{"id": 1, "name": "Cloud", "full_name": "Acme/Cloud", "default_branch": "main", "owner": object{"login": "Acme"}},
		"organization": object{"login": "Acme"}, "sender": object{"login": "ana", "type": "User"},
	}
	for k, v := range more {
		p[k] = v
	}
	return p
}

func pullRequest(n int) object {
	return object{"number": n, "state": "open", "updated_at": "2026-01-02T03:04:05Z", "head": object{"sha": "head", "ref": "topic"}, "base": object{"sha": "base", "ref": "main"}}
}

func recorded(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := contract.Payloads.ReadDir("webhooks")
	if err != nil {
		t.Fatal(err)
	}
	payloads := map[string][]byte{}
	for _, f := range files {
		b, err := contract.Payloads.ReadFile(path.Join("webhooks", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		payloads[strings.TrimSuffix(f.Name(), ".json")] = b
	}
	if len(payloads) < 40 {
		t.Fatalf("only %d payloads", len(payloads))
	}
	return payloads
}

// withInstallation gives a payload that was recorded by a repository's webhook
// what the App's would have.
func withInstallation(t testing.TB, body []byte) []byte {
	t.Helper()
	var p object
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	if p["installation"] == nil {
		p["installation"] = object{"id": 7}
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every payload that GitHub publishes is accepted; what each leads to is in
// testdata/recorded.golden.
func TestEveryRecordedPayloadIsAccepted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		r := receive(t, url)
		var names []string
		payloads := recorded(t)
		for name := range payloads {
			names = append(names, name)
		}
		sort.Strings(names)
		var got strings.Builder
		for i, name := range names {
			event, _, _ := strings.Cut(name, ".")
			code, text := r.do(request(event, fmt.Sprint("as-recorded-", i), payloads[name]))
			if code != http.StatusAccepted {
				t.Errorf("%s: %d %s", name, code, text)
			}
			r.clear()
			code, text = r.do(request(event, fmt.Sprint("recorded-", i), withInstallation(t, payloads[name])))
			if code != http.StatusAccepted {
				t.Errorf("%s: %d %s", name, code, text)
			}
			fmt.Fprintf(&got, "%s: %s\n", name, text)
			for _, key := range r.looks() {
				fmt.Fprintf(&got, "\t%s\n", key)
			}
			r.clear()
		}
		const golden = "testdata/recorded.golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatIsNotGitHubsIsRefusedAndLeavesNothing(t *testing.T) {
	r := receive(t, storetest.SQLite(t))
	body, err := json.Marshal(event("opened", object{"pull_request": pullRequest(1)}))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		code   int
	}{
		"another method":                  {func(q *http.Request) { q.Method = http.MethodGet }, 405},
		"a form":                          {func(q *http.Request) { q.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		"no content type":                 {func(q *http.Request) { q.Header.Del("Content-Type") }, 415},
		"no signature":                    {func(q *http.Request) { q.Header.Del("X-Hub-Signature-256") }, 401},
		"an empty signature":              {func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", "sha256=") }, 401},
		"a signature by the empty secret": {func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", sign(sha256.New, "sha256", "", body)) }, 401},
		"a signature by another secret":   {func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", sign(sha256.New, "sha256", "other", body)) }, 401},
		"a signature of another body": {func(q *http.Request) {
			q.Header.Set("X-Hub-Signature-256", sign(sha256.New, "sha256", "new", []byte("{}")))
		}, 401},
		"a signature that is no hexadecimal": {func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("z", 64)) }, 401},
		"a signature cut short": {func(q *http.Request) {
			q.Header.Set("X-Hub-Signature-256", sign(sha256.New, "sha256", "new", body)[:40])
		}, 401},
		"a SHA-1 signature in its own header": {func(q *http.Request) {
			q.Header.Del("X-Hub-Signature-256")
			q.Header.Set("X-Hub-Signature", sign(sha1.New, "sha1", "new", body))
		}, 401},
		"a SHA-1 signature in the other":   {func(q *http.Request) { q.Header.Set("X-Hub-Signature-256", sign(sha1.New, "sha1", "new", body)) }, 401},
		"a body that says it is too large": {func(q *http.Request) { q.ContentLength = 25<<20 + 1 }, 413},
		"a body that is too large":         {func(q *http.Request) { q.ContentLength = -1; q.Body = io.NopCloser(io.LimitReader(zeros{}, 25<<20+1)) }, 413},
		"a body that breaks off":           {func(q *http.Request) { q.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:9]), broken{})) }, 400},
		"no event":                         {func(q *http.Request) { q.Header.Del("X-GitHub-Event") }, 400},
		"no delivery":                      {func(q *http.Request) { q.Header.Del("X-GitHub-Delivery") }, 400},
		"a delivery that is no GUID":       {func(q *http.Request) { q.Header.Set("X-GitHub-Delivery", "a b") }, 400},
		"a delivery for another App": {func(q *http.Request) {
			q.Header.Set("X-GitHub-Hook-Installation-Target-Type", "integration")
			q.Header.Set("X-GitHub-Hook-Installation-Target-ID", "1")
		}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			q := request("pull_request", "guid", body)
			c.change(q)
			if code, text := r.do(q); code != c.code {
				t.Errorf("%d %s, want %d", code, text, c.code)
			}
		})
	}
	for name, body := range map[string]string{
		"no JSON": "{", "another type": `{"action": 1}`, "a pull request without a number": `{"action":"opened","installation":{"id":7},"repository":{"full_name":"a/b"},"pull_request":{}}`,
		"no repository": `{"action":"opened","installation":{"id":7},"pull_request":{"number":1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if code, text := r.do(request("pull_request", "guid", []byte(body))); code != http.StatusBadRequest {
				t.Errorf("%d %s", code, text)
			}
		})
	}
	if keys := r.looks(); keys != nil {
		t.Errorf("looks %v", keys)
	}
	if _, ok, err := r.store.Delivery(t.Context(), "guid"); ok || err != nil {
		t.Error("a refused delivery is stored", err)
	}
	if counts := r.outcomes(); counts["unverified rejected"] < 15 || counts["pull_request malformed"] != 6 {
		t.Error(counts)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAReceiverWithoutASecretIsRefused(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	q, err := queue.New(t.Context(), s, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, secrets := range map[string][][]byte{"none": nil, "an empty one": {{}}, "an empty one among others": {[]byte("a"), nil}} {
		if _, err := webhook.New(webhook.Options{Secrets: secrets, Store: s, Queue: q, Slug: func() string { return "" }, External: external}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEverySecretCountsWhileTheyAreRotated(t *testing.T) {
	r := receive(t, storetest.SQLite(t))
	body := []byte(`{}`)
	for _, secret := range []string{"new", "old"} {
		q := request("ping", "guid", body)
		q.Header.Set("X-Hub-Signature-256", sign(sha256.New, "sha256", secret, body))
		if code, text := r.do(q); code != http.StatusAccepted {
			t.Errorf("%s: %d %s", secret, code, text)
		}
	}
}

func TestAnUnknownEventIsAcceptedAndCountedUnderOneName(t *testing.T) {
	r := receive(t, storetest.SQLite(t))
	r.deliver("deployment_review", event("x", nil))
	if looks := r.deliver("another", []byte(`not even JSON`)); looks != nil {
		t.Error(looks)
	}
	if counts := r.outcomes(); counts["other unknown"] != 2 {
		t.Error(counts)
	}
}

func TestADeliveryIsStoredWithItsJobAndOnceProcessedIsADuplicate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		r := receive(t, url)
		body, err := json.Marshal(event("opened", object{"pull_request": pullRequest(12)}))
		if err != nil {
			t.Fatal(err)
		}
		send := func() string {
			t.Helper()
			code, text := r.do(request("pull_request", "guid", body))
			if code != http.StatusAccepted {
				t.Fatal(code, text)
			}
			return text
		}
		send()
		d, ok, err := r.store.Delivery(t.Context(), "guid")
		if err != nil || !ok || d.Event != "pull_request" || d.Action != "opened" || d.Ref != (fact.Ref{Installation: 7, Owner: "acme", Repo: "cloud", Number: 12}) || string(d.Payload) != string(body) {
			t.Fatalf("%+v %v %v", d, ok, err)
		}
		r.clear()
		send() // seen, but not processed: asked for again
		if looks := r.looks(); !cmp.Equal(looks, []string{"pull:acme/cloud#12"}) {
			t.Error(looks)
		}
		handled := make(chan queue.Target, 1)
		work(t, r.store, handled)
		x := <-handled
		if x.HeadSHA != "head" || x.BaseSHA != "base" || x.BaseRef != "main" || x.Delivery != "guid" || x.Why != "pull_request.opened" || x.Ref.Installation != 7 {
			t.Errorf("%+v", x)
		}
		for r.looks() != nil {
			time.Sleep(time.Millisecond)
		}
		if text := send(); !strings.Contains(text, "processed before") {
			t.Error(text)
		}
		if looks := r.looks(); looks != nil {
			t.Error(looks)
		}
	})
}

// work runs a queue that hands on its targets until the end of the test.
func work(t *testing.T, s *store.Store, c chan<- queue.Target) {
	t.Helper()
	q, err := queue.New(t.Context(), s, queue.Options{Handle: func(_ context.Context, x queue.Target) (queue.Next, error) {
		c <- x
		return queue.Next{}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestTheSameDeliveryManyTimesAtOnceIsOneJob(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		r := receive(t, url)
		body, err := json.Marshal(event("opened", object{"pull_request": pullRequest(12)}))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if code, text := r.do(request("pull_request", "guid", body)); code != http.StatusAccepted {
					t.Error(code, text)
				}
			})
		}
		wg.Wait()
		if d, _, err := r.store.Delivery(t.Context(), "guid"); err != nil || d.Attempts != 20 {
			t.Error(d.Attempts, err)
		}
		if looks := r.looks(); len(looks) != 1 {
			t.Error(looks)
		}
	})
}

func TestWhichEventsLeadToALook(t *testing.T) {
	const pull = "pull:acme/cloud#12"
	comment := func(body, user string) object {
		return object{"issue": object{"number": 12, "pull_request": object{}}, "comment": object{"id": 5, "body": body, "user": object{"login": user, "type": map[bool]string{true: "Bot", false: "User"}[strings.HasSuffix(user, "[bot]")]}}}
	}
	with := func(o object, more object) object {
		c := object{}
		for _, m := range []object{o, more} {
			for k, v := range m {
				c[k] = v
			}
		}
		return c
	}
	us := object{"login": "rolecall-acme[bot]", "type": "Bot"}
	pr := object{"pull_request": pullRequest(12)}
	run := func(app int, name, external string, pulls ...object) object {
		return object{"check_run": object{"name": name, "head_sha": "head", "external_id": external, "app": object{"id": app}, "pull_requests": pulls, "check_suite": object{"head_branch": "topic"}}}
	}
	listed := func(n, repo int) object {
		return object{"number": n, "head": object{"sha": "head"}, "base": object{"ref": "main", "sha": "base", "repo": object{"id": repo}}}
	}
	push := func(ref string, more object, paths ...string) object {
		return with(object{"ref": ref, "commits": []object{{"added": []string{"a"}}, {"modified": paths}}}, more)
	}
	dotGitHub := object{"repository": object{"id": 2, "full_name": "Acme/.github", "default_branch": "main"}}
	r := receive(t, storetest.SQLite(t))
	ref := fact.Ref{Owner: "acme", Repo: "cloud", Number: 12}
	if _, err := r.store.SaveDecision(t.Context(), store.Decision{Ref: ref, Generation: 5, Standing: "12/3/waiting"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		event, action string
		payload       object
		want          []string
	}{
		"a pull request is opened":                         {"pull_request", "opened", pr, []string{pull}},
		"an action nobody knows yet":                       {"pull_request", "teleported", pr, []string{pull}},
		"the conversation is locked":                       {"pull_request", "locked", pr, nil},
		"the base is edited":                               {"pull_request", "edited", with(pr, object{"changes": object{"base": object{}}}), []string{pull}},
		"the body is edited":                               {"pull_request", "edited", with(pr, object{"changes": object{"body": object{"from": "x"}}}), []string{pull}},
		"something else is edited":                         {"pull_request", "edited", with(pr, object{"changes": object{"maintainer_can_modify": object{}}}), nil},
		"we asked a reviewer":                              {"pull_request", "review_requested", with(pr, object{"sender": us}), nil},
		"somebody asked a reviewer":                        {"pull_request", "review_requested", pr, []string{pull}},
		"a user who is named like us asked":                {"pull_request", "review_requested", with(pr, object{"sender": object{"login": "rolecall-acme", "type": "User"}}), []string{pull}},
		"we pushed, as far as can be told":                 {"pull_request", "synchronize", with(pr, object{"sender": us}), []string{pull}},
		"a review is submitted":                            {"pull_request_review", "submitted", with(pr, object{"review": object{"id": 1, "commit_id": "c"}}), []string{pull}},
		"a review's text is edited":                        {"pull_request_review", "edited", with(pr, object{"review": object{"id": 1, "commit_id": "c"}}), nil},
		"a comment with a command":                         {"issue_comment", "created", comment("/assign-dri @bo", "ana"), []string{pull}},
		"a comment without one":                            {"issue_comment", "created", comment("nice work", "ana"), nil},
		"a command from a bot":                             {"issue_comment", "created", comment("/assign-dri", "dependabot[bot]"), nil},
		"a command on a plain issue":                       {"issue_comment", "created", with(comment("/assign-dri", "ana"), object{"issue": object{"number": 12}}), nil},
		"a command is edited away":                         {"issue_comment", "edited", with(comment("never mind", "ana"), object{"changes": object{"body": object{"from": "/assign-dri"}}}), []string{pull}},
		"a command is edited in":                           {"issue_comment", "edited", with(comment("/assign-dri", "ana"), object{"changes": object{"body": object{"from": "hello"}}}), []string{pull}},
		"a comment is edited that never held a command":    {"issue_comment", "edited", with(comment("hi", "ana"), object{"changes": object{"body": object{"from": "hello"}}}), nil},
		"a command is deleted":                             {"issue_comment", "deleted", comment("/needs-security x", "ana"), []string{pull}},
		"the echo of our newest check":                     {"check_run", "created", run(appID, "rolecall: main", "12/5/waiting"), nil},
		"the echo of a check after a wiped database":       {"check_run", "completed", run(appID, "rolecall: main", "13/9/met"), nil},
		"the echo of an older check of ours":               {"check_run", "completed", run(appID, "rolecall: main", "12/4/met"), []string{pull}},
		"the echo of an older check that is left standing": {"check_run", "completed", run(appID, "rolecall: main", "12/3/waiting"), nil},
		"the echo of a merge group's check":                {"check_run", "completed", run(appID, "rolecall: main", "0/4/met"), nil},
		"a check of ours that bears no generation":         {"check_run", "completed", run(appID, "rolecall: main", "", listed(12, 1)), []string{pull}},
		"another App's check":                              {"check_run", "completed", run(1, "test", "", listed(12, 1)), nil},
		"another App's check under our name":               {"check_run", "completed", run(1, "rolecall: main", "12/5/waiting", listed(12, 1)), []string{pull}},
		"our check is to run again":                        {"check_run", "rerequested", run(appID, "rolecall: main", "12/5/waiting"), []string{pull}},
		"another App's check is to run again":              {"check_run", "rerequested", run(1, "rolecall: main", "12/5/waiting"), nil},
		"the button of our check":                          {"check_run", "requested_action", run(appID, "rolecall: main", "12/5/waiting"), []string{pull}},
		"all checks of a fork's head are to run again":     {"check_suite", "rerequested", object{"check_suite": object{"head_sha": "head", "app": object{"id": appID}}}, []string{"commit:acme/cloud@head"}},
		"all checks of two pull requests": {"check_suite", "rerequested", object{"check_suite": object{"head_sha": "head", "app": object{"id": appID}, "pull_requests": []object{listed(12, 1), listed(3, 1), listed(4, 99)}}},
			[]string{pull, "pull:acme/cloud#3"}},
		"all checks of a merge group":           {"check_suite", "rerequested", object{"check_suite": object{"head_sha": "head", "head_branch": "gh-readonly-queue/release/1/pr-2-abc", "app": object{"id": appID}}}, []string{"group:acme/cloud@head"}},
		"a push makes a suite":                  {"check_suite", "requested", object{"check_suite": object{"head_sha": "head", "app": object{"id": appID}}}, nil},
		"the merge queue asks":                  {"merge_group", "checks_requested", object{"merge_group": object{"head_sha": "h", "base_ref": "refs/heads/main"}}, []string{"group:acme/cloud@h"}},
		"a merge group is gone":                 {"merge_group", "destroyed", object{"merge_group": object{"head_sha": "h"}}, nil},
		"a push to another branch":              {"push", "", push("refs/heads/topic", nil, ".github/rolecall.hcl"), nil},
		"a push that touches the policy":        {"push", "", push("refs/heads/main", nil, "x", ".github/rolecall.hcl"), []string{"repository:acme/cloud"}},
		"a push that touches no policy":         {"push", "", push("refs/heads/main", nil, "rolecall.hcl"), nil},
		"a forced push":                         {"push", "", push("refs/heads/main", object{"forced": true}, "x"), []string{"repository:acme/cloud"}},
		"a push whose commits are not listed":   {"push", "", object{"ref": "refs/heads/main"}, []string{"repository:acme/cloud"}},
		"a push of as many commits as are told": {"push", "", object{"ref": "refs/heads/main", "commits": make([]struct{}, 2048)}, []string{"repository:acme/cloud"}},
		"a push that touches the floor":         {"push", "", with(push("refs/heads/main", nil, "rolecall.hcl"), dotGitHub), []string{"organization:acme@7"}},
		"somebody joins a team":                 {"membership", "added", nil, []string{"organization:acme@7"}},
		"a team is renamed":                     {"team", "edited", nil, []string{"organization:acme@7"}},
		"somebody leaves the organisation":      {"organization", "member_removed", nil, []string{"organization:acme@7"}},
		"somebody is invited":                   {"organization", "member_invited", nil, nil},
		"repositories come and go": {"installation_repositories", "added", object{"repositories_added": []object{{"full_name": "Acme/New"}}, "repositories_removed": []object{{"full_name": "Acme/Old"}}},
			[]string{"repository:acme/new"}},
		"the App is installed":          {"installation", "created", object{"repositories": []object{{"full_name": "Acme/A"}, {"full_name": "Acme/B"}}}, []string{"repository:acme/a", "repository:acme/b"}},
		"the App is uninstalled":        {"installation", "deleted", object{"repositories": []object{{"full_name": "Acme/A"}}}, nil},
		"the App is no longer on leave": {"installation", "unsuspend", object{"installation": object{"id": 7, "account": object{"login": "Acme"}}}, []string{"organization:acme@7"}},
		"GitHub tries the address":      {"ping", "", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			r.clear()
			if got := r.deliver(c.event, event(c.action, c.payload)); !cmp.Equal(got, c.want) {
				t.Errorf("looks %q, want %q", got, c.want)
			}
		})
	}
}

func TestADeliveryWithoutAnInstallationIsCountedAndNoMore(t *testing.T) {
	r := receive(t, storetest.SQLite(t))
	p := event("opened", object{"pull_request": pullRequest(1)})
	delete(p, "installation")
	if looks := r.deliver("pull_request", p); looks != nil {
		t.Error(looks)
	}
	if counts := r.outcomes(); counts["pull_request no-installation"] != 1 {
		t.Error(counts)
	}
}

func TestAReviewsDeliveryBindsItToItsCommitForGood(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		r := receive(t, url)
		for _, e := range []struct{ action, sha string }{{"edited", "moved"}, {"submitted", "reviewed"}, {"dismissed", "moved"}, {"submitted", "moved"}} {
			r.deliver("pull_request_review", event(e.action, object{"pull_request": pullRequest(12), "review": object{"id": 5, "commit_id": e.sha}}))
		}
		got, err := r.store.ReviewCommits(t.Context(), fact.Ref{Owner: "acme", Repo: "cloud", Number: 12})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[int64]string{5: "reviewed"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheSenderOfASynchronizeIsTheLastPusher(t *testing.T) {
	r := receive(t, storetest.SQLite(t))
	r.deliver("pull_request", event("synchronize", object{"before": "older", "pull_request": pullRequest(12), "sender": object{"login": "Dependabot[bot]", "type": "Bot"}}))
	r.deliver("pull_request", event("labeled", object{"pull_request": pullRequest(12), "sender": object{"login": "eve", "type": "User"}}))
	p, err := r.store.Pushes(t.Context(), fact.Ref{Owner: "acme", Repo: "cloud", Number: 12})
	if err != nil || len(p) != 1 || p[0].Before != "older" || p[0].By != (fact.Person{Login: "dependabot", Bot: true}) {
		t.Error(p, err)
	}
}

func TestAMembershipEventInvalidatesTheOrganisationsTeams(t *testing.T) {
	r := receive(t, storetest.SQLite(t))
	if err := r.store.PutTeam(t.Context(), 7, "acme/cloud", []fact.Member{{Login: "ana", ID: 1}}, 0); err != nil {
		t.Fatal(err)
	}
	r.deliver("membership", event("removed", object{"team": object{"slug": "other"}}))
	if _, _, ok, err := r.store.Team(t.Context(), 7, "acme/cloud"); ok || err != nil {
		t.Error("the team is still believed", err)
	}
}

func TestAnInstallationIsRememberedAndForgotten(t *testing.T) {
	r := receive(t, storetest.SQLite(t))
	names := func() (s []string) {
		t.Helper()
		refs, err := r.store.Repositories(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range refs {
			s = append(s, ref.Owner+"/"+ref.Repo)
		}
		return s
	}
	r.deliver("installation", event("created", object{"repositories": []object{{"full_name": "Acme/A"}, {"full_name": "Acme/B"}}}))
	r.deliver("installation_repositories", event("removed", object{"repositories_added": []object{{"full_name": "Acme/C"}}, "repositories_removed": []object{{"full_name": "Acme/A"}}}))
	if got := names(); !cmp.Equal(got, []string{"Acme/B", "Acme/C"}) {
		t.Error(got)
	}
	r.deliver("installation", event("deleted", nil))
	if got := names(); got != nil {
		t.Error(got)
	}
	if d, ok, err := r.store.Delivery(t.Context(), fmt.Sprintf("guid-%d", r.guids)); err != nil || !ok || d.ProcessedAt.IsZero() {
		t.Error("what leads to no job is processed at once", d, ok, err)
	}
}

func TestADeliveryThatCannotBeStoredIsNotAccepted(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{URL: storetest.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	q, err := queue.New(t.Context(), s, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := webhook.New(webhook.Options{Secrets: [][]byte{[]byte("new")}, Store: s, Queue: q, Slug: func() string { return "" }, External: external})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(event("opened", object{"pull_request": pullRequest(12)}))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request("pull_request", "guid", body))
	if w.Code != http.StatusInternalServerError {
		t.Error(w.Code, w.Body)
	}
}

// Whatever a body says, the receiver answers, and stores only what it accepted.
func FuzzReceive(f *testing.F) {
	r := receive(f, storetest.SQLite(f))
	for name, body := range recorded(f) {
		event, _, _ := strings.Cut(name, ".")
		f.Add(event, body)
	}
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		r := &receiver{Handler: r, t: t, store: r.store}
		if strings.ContainsAny(event, "\x00\r\n") {
			t.Skip()
		}
		code, text := r.do(request(event, "guid", body))
		switch code {
		case http.StatusAccepted, http.StatusBadRequest:
		default:
			t.Errorf("%d %s", code, text)
		}
		looks := r.looks()
		if looks == nil {
			return
		}
		if code != http.StatusAccepted {
			t.Errorf("refused, yet %v", looks)
		}
		r.clear()
		if _, err := r.store.DB().Exec("DELETE FROM deliveries"); err != nil {
			t.Fatal(err)
		}
	})
}
