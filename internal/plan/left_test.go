package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/policy"
)

func TestGreensThatWereLeftAreTakenBack(t *testing.T) {
	d := decision(policy.Waiting)
	here := plan.Green{Head: d.Head, Check: d.Check}
	older := plan.Green{Head: "0123456789012345678901234567890123456789", Check: d.Check}
	elsewhere := plan.Green{Head: d.Head, Check: "rolecall: playground"}
	for name, c := range map[string]struct {
		state  string
		greens []plan.Green
		want   []plan.Green
	}{
		"the check of this head and base stays":       {"open", []plan.Green{here}, nil},
		"one of an earlier head is taken back":        {"open", []plan.Green{older, here}, []plan.Green{older}},
		"one of another base is taken back":           {"open", []plan.Green{elsewhere}, []plan.Green{elsewhere}},
		"closing takes back all":                      {"closed", []plan.Green{older, here}, []plan.Green{older, here}},
		"what is merged keeps the check it merged by": {"merged", []plan.Green{older, here}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := pull()
			p.State = c.state
			var got []plan.Green
			for _, a := range plan.Make(d, p, plan.Options{Generation: 4, Digest: digest, Self: self, Greens: c.greens}).Actions {
				if a.Kind == plan.RevokeCheck {
					if a.Check.Status != "completed" || a.Check.Conclusion != "cancelled" || a.Check.ExternalID.Generation != 4 {
						t.Errorf("taken back as %+v", a.Check)
					}
					got = append(got, plan.Green{Head: a.Check.SHA, Check: a.Check.Name})
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
