package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/audit"
)

// exported is what the export tells of a pull request.
func (w *world) exported(number int) (m audit.Merge) {
	w.t.Helper()
	code, out, errs := w.rolecall("audit", "export", "--since", "1h")
	if code != 0 {
		w.t.Fatalf("exit code %d\n%s", code, errs)
	}
	for line := range strings.Lines(out) {
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			w.t.Fatal(err)
		}
		if m.Number == number {
			return m
		}
		m = audit.Merge{}
	}
	w.t.Fatalf("#%d is not exported:\n%s", number, out)
	return m
}

func TestTheRecordTellsWhoBrokeTheGlassAndWhoReviewedSince(t *testing.T) {
	once(t, glassPolicy(), func(t *testing.T, w *world) {
		plain := w.merged()
		if g := w.exported(plain.Number()).BreakGlass; g != nil {
			t.Errorf("a glass that nobody broke: %+v", g)
		}

		own := w.open("bo", terraformFix("own"))
		w.settle()
		w.pass(time.Minute)
		first := own.Comment("bo", "/break-glass =the load balancer is down")
		w.settle()
		w.pass(time.Minute)
		own.Comment("mia", "/break-glass let him")
		w.expect(own, "success", "GLASS BROKEN BY bo")
		w.pass(time.Minute)
		own.MustMerge("bo")
		w.settle()

		m := w.exported(own.Number())
		g := m.BreakGlass
		if g == nil || m.Status != "owed" {
			t.Fatalf("status %q, glass %+v", m.Status, g)
		}
		if g.By != "bo" || g.Second != "mia" || g.Reason != "=the load balancer is down" || g.Head != m.Head || g.At.IsZero() || g.Comment == 0 || !g.Repaid.IsZero() {
			t.Errorf("glass %+v", g)
		}
		states := func(g *audit.Glass) string {
			var out []string
			for _, s := range g.Skipped {
				by := ""
				for _, a := range s.Given {
					by += " " + a.By
					if a.At.Before(g.At) || a.Review == 0 {
						t.Errorf("given %+v", a)
					}
				}
				out = append(out, fmt.Sprintf("%s %s%s", strings.Join(s.Roles, "/"), s.State, by))
			}
			return strings.Join(out, ", ")
		}
		if got := states(g); got != "cloud-engineer owed, security-engineer owed" || strings.Join(g.Skipped[1].May, " ") != "sam" {
			t.Errorf("skipped: %s, %+v", got, g.Skipped)
		}

		// The comment that broke it goes, and a review comes.
		w.pass(time.Minute)
		own.DeleteComment(first, "bo")
		own.Approve("ana")
		w.expect(own, "success", "SKIPPED AND OWED: Security Engineer")
		g = w.exported(own.Number()).BreakGlass
		if got := states(g); got != "cloud-engineer repaid ana, security-engineer owed" || !g.Repaid.IsZero() {
			t.Errorf("after a review: %s, %+v", got, g)
		}
		w.pass(time.Minute)
		own.Approve("sam")
		w.expect(own, "success", "Every role")
		g = w.exported(own.Number()).BreakGlass
		if got := states(g); got != "cloud-engineer repaid ana, security-engineer repaid sam" || g.Repaid.IsZero() || g.By != "bo" || g.Second != "mia" || g.Reason == "" {
			t.Errorf("after all reviews: %s, %+v", got, g)
		}
		code, out, _ := w.rolecall("audit", "verify", "--expect", g.Record)
		if code != 0 {
			t.Errorf("its hash is not in the record:\n%s", out)
		}
		_, out, _ = w.rolecall("audit", "export", "--since", "1h", "--format", "csv")
		if !strings.Contains(out, ",bo,mia,") || !strings.Contains(out, ",'=the load balancer is down,cloud-engineer repaid by ana at ") {
			t.Errorf("csv:\n%s", out)
		}
	})
}
