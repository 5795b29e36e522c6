package policy

import (
	"bytes"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// TestSuffix ends the names of a policy's test files.
const TestSuffix = testSuffix

// Parse parses a file that is written as policies are, within the bounds of a
// policy, and says nothing of what it means; the body is nil where a
// diagnostic is an error. Files that are not policies may hold heredocs.
func Parse(s *Source, heredocs bool) (*hclsyntax.Body, []Diagnostic) {
	r := newReporter(s)
	r.heredocs = heredocs
	body := r.parse(s)
	return body, r.sorted()
}

// Diagnose puts what is to be said of a source into the form of a policy's
// diagnostics, with the lines that they are about.
func Diagnose(s *Source, diags hcl.Diagnostics) []Diagnostic {
	r := newReporter(s)
	r.addHCL(diags)
	return r.sorted()
}

// DidYouMean is the sentence that offers the candidate nearest to given, with
// a space before it, or lists the candidates where none is near and they are
// few; "" where there is nothing to offer.
func DidYouMean(given string, candidates []string) string { return didYouMean(given, candidates) }

// Unwrap is an expression without the parentheses around it.
func Unwrap(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		p, ok := e.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return e
		}
		e = p.Expression
	}
}

var lineEnds = regexp.MustCompile(`\r+\n`)

// Format returns a policy or a file of its tests in canonical layout: the
// same words and comments, with indentation and equals signs aligned, no
// blank lines around the whole, and one line end after the last line. It is
// nil where the source does not parse.
func Format(s *Source) ([]byte, []Diagnostic) {
	if _, diags := Parse(s, true); HasErrors(diags) {
		return nil, diags
	}
	text := lineEnds.ReplaceAll(bytes.TrimPrefix(s.Bytes, []byte("\xef\xbb\xbf")), []byte("\n"))
	if text = bytes.Trim(text, " \t\r\n"); len(text) == 0 {
		return []byte{}, nil
	}
	text = append(text, '\n')
	for range 4 { // once is nearly always enough, and twice must not differ
		again := hclwrite.Format(text)
		if bytes.Equal(again, text) {
			break
		}
		text = again
	}
	return text, nil
}

// IsFloor reports whether a source says of itself that it is an
// organisation's floor, which is loaded as one.
func IsFloor(s *Source) bool {
	body, _ := Parse(s, false)
	if body == nil {
		return false
	}
	for _, b := range body.Blocks {
		if a := b.Body.Attributes["floor"]; b.Type == "policy" && a != nil {
			v, diags := a.Expr.Value(nil)
			return !diags.HasErrors() && v.RawEquals(cty.True)
		}
	}
	return false
}
