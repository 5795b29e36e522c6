package policytest

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/rolecall/rolecall/policy"
)

// Suite is the tests of one file, made for one policy.
type Suite struct {
	File   string // Source.Name
	Tests  []Test
	policy *policy.Policy
}

// Test is one test of a file.
type Test struct {
	Name   string
	Line   int // of its block, 1-based
	given  given
	expect []expectation
}

// maxTests bounds the tests of one file.
const maxTests = 500

// Load reads a file of tests of p. The suite is nil where a diagnostic is an
// error: a misspelling must never make a test pass.
func Load(s *policy.Source, p *policy.Policy) (*Suite, []policy.Diagnostic) {
	body, diags := policy.Parse(s, true)
	if policy.HasErrors(diags) {
		return nil, diags
	}
	d := &decoder{}
	suite := &Suite{File: s.Name, policy: p}
	base := newGiven()
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		a := body.Attributes[name]
		d.errorf(a.NameRange, "Argument outside a block", "%q stands in no block: a file of tests holds test blocks, and one given block for what they share.", name)
	}
	seen := map[string]bool{}
	var shared *hclsyntax.Block
	for _, b := range body.Blocks {
		switch {
		case b.Type != "given":
		case shared != nil:
			d.errorf(b.DefRange(), "Second given block", "There is one given block in a file of tests.")
		case len(b.Labels) > 0:
			d.errorf(b.LabelRanges[0], "Label on a block without one", "Write given { … }.")
		default:
			shared = b
			d.block(b, d.readers(&base, p))
		}
	}
	for _, b := range body.Blocks {
		switch {
		case b.Type == "given":
		case b.Type != "test":
			d.errorf(b.TypeRange, "Unknown block", "A file of tests has no block %q.%s", b.Type, policy.DidYouMean(b.Type, []string{"test", "given"}))
		case len(b.Labels) != 1:
			d.errorf(b.TypeRange, "Block needs one label", "Write test \"what must hold\" { … }.")
		case seen[b.Labels[0]]:
			d.errorf(b.LabelRanges[0], "Named twice", "Another test has the name %q.", b.Labels[0])
		default:
			seen[b.Labels[0]] = true
			suite.Tests = append(suite.Tests, d.test(b, base.clone(), p))
		}
	}
	if len(suite.Tests) > maxTests {
		d.errorf(hcl.Range{}, "Too many tests", "A file has at most %d tests, and this one has %d.", maxTests, len(suite.Tests))
	}
	diags = policy.Diagnose(s, d.diags)
	if policy.HasErrors(diags) {
		return nil, diags
	}
	return suite, diags
}

func (d *decoder) test(b *hclsyntax.Block, g given, p *policy.Policy) Test {
	t := Test{Name: b.Labels[0], Line: b.DefRange().Start.Line}
	readers := d.readers(&g, p)
	readers["expect"] = func(v value) { t.expect = d.expectations(v, p) }
	failed := len(d.diags)
	d.block(b, readers)
	t.given = g
	if len(t.expect) == 0 && len(d.diags) == failed {
		d.errorf(b.DefRange(), "Test that expects nothing", "Say what the policy must decide: expect = { status = \"waiting\", waiting_for = [\"…\"] }.")
	}
	return t
}

// block hands each argument of a block to its reader, in the order of the
// file.
func (d *decoder) block(b *hclsyntax.Block, readers map[string]func(value)) {
	known := slices.Collect(maps.Keys(readers))
	for _, inner := range b.Body.Blocks {
		if slices.Contains(known, inner.Type) {
			d.errorf(inner.TypeRange, "Argument written as a block", "%s is an argument. Write %s = { … }.", inner.Type, inner.Type)
			continue
		}
		d.errorf(inner.TypeRange, "Unknown block", "A %s block has no block %q.%s", b.Type, inner.Type, policy.DidYouMean(inner.Type, known))
	}
	attrs := slices.SortedFunc(maps.Values(b.Body.Attributes), func(x, y *hclsyntax.Attribute) int {
		return x.SrcRange.Start.Byte - y.SrcRange.Start.Byte
	})
	for _, a := range attrs {
		read, ok := readers[a.Name]
		if !ok {
			hint := policy.DidYouMean(a.Name, known)
			if a.Name == "expect" {
				hint = " It belongs into the tests."
			}
			d.errorf(a.NameRange, "Unknown argument", "A %s block has no argument %q.%s", b.Type, a.Name, hint)
			continue
		}
		if v, ok := d.plain(a); ok {
			read(v)
		}
	}
}
