package policytest_test

import (
	"testing"

	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/policy"
)

// TestTheEmbeddedPolicyPassesItsTests holds that every one of its rules is
// covered, too.
func TestTheEmbeddedPolicyPassesItsTests(t *testing.T) {
	p, diags := policy.Load(nil, &policy.Source{Name: "cloud.hcl", Bytes: policy.Cloud()})
	if p == nil {
		t.Fatal(diags)
	}
	s, diags := policytest.Load(&policy.Source{Name: "cloud.rolecall_test.hcl", Bytes: policy.CloudTests()}, p)
	if s == nil {
		t.Fatal(diags)
	}
	c := policytest.NewCoverage(p)
	for _, one := range s.Tests {
		r := s.Run(one)
		c.Add(r.Decision)
		for _, f := range r.Failures {
			t.Errorf("%s: %s: want %s, got %s", r.Name, f.What, f.Want, f.Got)
		}
	}
	if n, m := c.NeverInForce(), c.NeverWaiting(); len(n)+len(m) > 0 {
		t.Errorf("never in force: %q; never waiting: %q", n, m)
	}
}

func BenchmarkRun(b *testing.B) {
	p, _ := policy.Load(nil, &policy.Source{Name: "cloud.hcl", Bytes: policy.Cloud()})
	s, _ := policytest.Load(&policy.Source{Name: "cloud.rolecall_test.hcl", Bytes: policy.CloudTests()}, p)
	for b.Loop() {
		for _, one := range s.Tests {
			s.Run(one)
		}
	}
	b.ReportMetric(float64(len(s.Tests)), "tests/op")
}
