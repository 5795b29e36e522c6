package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/audit"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store"
)

// What was decided for a merge group is on record with the decisions on each
// of its pull requests, which can be made again.
func TestTheRecordTellsOfMergeGroups(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one := w.open("dan", githubtest.Files{"main.go": goBefore})
		two := w.open("dan", githubtest.Files{"other.go": "package main\n"})
		one.Approve("ana")
		w.expect(one, "success", "Every role")
		w.expect(two, "in_progress", "Waiting")
		one.Enqueue("dan")
		two.Enqueue("dan")
		bad := w.repo.BuildGroup("main", 2)
		w.settle()
		w.pass(2 * time.Second)
		two.Dequeue("dan")
		bad.Destroy("invalidated")
		good := w.repo.BuildGroup("main", 1)
		w.settle()
		check := good.Check("rolecall: main")
		shown := recordLine.FindStringSubmatch(check.Text)
		if check.Conclusion != "success" || shown == nil {
			t.Fatalf("the group's check is %q and shows no record:\n%s", check.Conclusion, check.Text)
		}
		if err := good.Merge(); err != nil {
			t.Fatal(err)
		}
		w.settle()

		if code, out, errs := w.rolecall("audit", "verify", "--expect", shown[1]); code != 0 || !strings.Contains(out, "merge_group") {
			t.Errorf("verify: %d\n%s%s", code, out, errs)
		}
		_, out, errs := w.rolecall("audit", "export", "--since", "1h")
		var m audit.Merge
		if err := json.Unmarshal([]byte(out), &m); err != nil {
			t.Fatalf("%v: %s%s", err, out, errs)
		}
		if g := m.MergeGroup; g == nil || g.Head != good.HeadSHA() || g.Conclusion != "success" || g.Own != "met" || fmt.Sprint(g.Pulls) != "[1]" || !strings.HasPrefix(g.Record, shown[1]) {
			t.Errorf("the export tells of the merge group %+v", m.MergeGroup)
		}

		_, out, errs = w.rolecall("audit", "show", "acme/cloud#1")
		if strings.Count(out, "merge_group") < 2 {
			t.Errorf("the two groups are not shown:\n%s%s", out, errs)
		}
		code, out, errs := w.rolecall("audit", "show", "acme/cloud#1", "--group", bad.HeadSHA()[:10])
		for _, want := range []string{"acme/cloud#1 at " + one.Head() + ": met; decided again", "acme/cloud#2 at " + two.Head() + ": waiting; decided again", "rule go: waiting", "its check was failure"} {
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("show --group: %d, lacks %q:\n%s%s", code, want, out, errs)
			}
		}
		if code, _, errs := w.rolecall("audit", "show", "acme/cloud#2", "--group", good.HeadSHA()); code != 1 || !strings.Contains(errs, "no merge group") {
			t.Errorf("a group that did not hold it: %d %s", code, errs)
		}
		w.fresh(two)

		// Retention: the facts go, and then the rest with the record.
		s := w.server.store
		if _, err := s.Checkpoints(t.Context(), 1, time.Hour); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(100 * 24 * time.Hour)
		if err := s.Retire(t.Context(), store.Retention{Facts: 24 * time.Hour}, later); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := w.rolecall("audit", "verify"); code != 0 {
			t.Errorf("the record does not hold without facts: %s", errs)
		}
		if code, _, errs := w.rolecall("audit", "show", "acme/cloud#1", "--group", good.HeadSHA()); code != 1 || !strings.Contains(errs, "no longer kept") {
			t.Errorf("decided again without facts: %d %s", code, errs)
		}
		if err := s.Retire(t.Context(), store.Retention{Record: 24 * time.Hour}, later); err != nil {
			t.Fatal(err)
		}
		var left int
		if err := s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM group_decisions`).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d decisions of groups are left, %v", left, err)
		}
	})
}
