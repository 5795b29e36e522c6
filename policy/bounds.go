package policy

import (
	"bytes"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Bounds of a policy, so that none can hurt whoever loads or evaluates it.
const (
	maxSource     = 256 << 10 // bytes of one source
	maxTokens     = 60_000    // of one source
	maxDepth      = 32        // brackets, blocks, strings and interpolations inside one another
	maxUnary      = 8         // operators in a row, as in !!x
	maxTernaries  = 256       // conditionals in one source
	maxHeredocs   = 4_000     // lines of heredocs in one source, where they may stand
	maxRules      = 1_000     // of one source
	maxRoles      = 500       // of one source
	maxProjects   = 2_000     // of one source
	maxRequire    = 100       // require, any and all blocks of one rule
	maxGroups     = 8         // any and all blocks inside one another
	maxFeeds      = 500       // calendars of one source
	maxAddress    = 500       // bytes of a calendar's address
	maxList       = 2_000     // members of one list of plain values
	maxExpression = 2_000     // nodes of one expression
	maxNodeDepth  = 200       // nodes inside one another; a && b && c nests too
	maxLoops      = 3         // for expressions inside one another
	maxCost       = 5_000_000 // steps of one expression on one pull request
	maxTotalCost  = 40_000_000
	maxValue      = 8 << 20 // bytes of one expression's value
)

// parse parses a source whose bounds it has checked first: the HCL parser
// recurses, so what nests must be seen before it runs.
func (r *reporter) parse(s *Source) *hclsyntax.Body {
	switch {
	case len(s.Bytes) > maxSource:
		r.errorf(hcl.Range{}, "Policy too large", "It has %d bytes, and a policy has at most %d (256 KiB).", len(s.Bytes), maxSource)
		return nil
	case !utf8.Valid(s.Bytes):
		r.errorf(hcl.Range{}, "Policy is not text", "A policy is UTF-8 text, and this file holds other bytes.")
		return nil
	case bytes.IndexByte(s.Bytes, 0) >= 0:
		r.errorf(hcl.Range{}, "Policy is not text", "The file holds a NUL character.")
		return nil
	}
	if !r.scan(s) {
		return nil
	}
	file, diags := hclsyntax.ParseConfig(s.Bytes, s.Name, hcl.InitialPos)
	r.addHCL(diags)
	if diags.HasErrors() {
		return nil
	}
	return file.Body.(*hclsyntax.Body)
}

// scan reports what would make the parser recurse without bound, and the
// template directives, which policies do without.
func (r *reporter) scan(s *Source) bool {
	tokens, _ := hclsyntax.LexConfig(s.Bytes, s.Name, hcl.InitialPos)
	if len(tokens) > maxTokens {
		r.errorf(hcl.Range{}, "Policy too large", "It has %d words and signs, and a policy has at most %d.", len(tokens), maxTokens)
		return false
	}
	depth, unary, ternaries, lines, heredoc := 0, 0, 0, 0, false
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenOQuote, hclsyntax.TokenTemplateInterp:
			if depth++; depth > maxDepth {
				r.errorf(t.Range, "Policy nests too deeply", "Brackets, blocks and interpolations stand inside one another at most %d deep. Name a part of the expression in a locals block.", maxDepth)
				return false
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCQuote, hclsyntax.TokenTemplateSeqEnd:
			depth = max(0, depth-1)
		case hclsyntax.TokenOHeredoc: // whose indentation the parser removes in quadratic time
			if r.heredocs {
				heredoc = true
				break
			}
			r.errorf(t.Range, "Heredoc", "Policies do without <<. A text stands in quotes on one line.")
			return false
		case hclsyntax.TokenCHeredoc:
			heredoc = false
		case hclsyntax.TokenStringLit:
			if heredoc {
				if lines++; lines > maxHeredocs {
					r.errorf(t.Range, "Heredocs too long", "The texts between << and their ends have at most %d lines in one file. Spread the tests over several files.", maxHeredocs)
					return false
				}
			}
		case hclsyntax.TokenTemplateControl:
			r.errorf(t.Range, "Template directive", "Policies do without %%{ … }. Use a conditional (a ? b : c) or a for expression.")
			return false
		case hclsyntax.TokenNumberLit:
			if !numberFits(string(t.Bytes)) {
				r.errorf(t.Range, "Number out of bounds", "A number has at most 64 characters, and at most 308 digits once it is written out.")
				return false
			}
		case hclsyntax.TokenQuestion:
			if ternaries++; ternaries > maxTernaries {
				r.errorf(t.Range, "Too many conditionals", "A policy has at most %d conditionals (a ? b : c).", maxTernaries)
				return false
			}
		}
		switch t.Type {
		case hclsyntax.TokenBang, hclsyntax.TokenMinus:
			if unary++; unary > maxUnary {
				r.errorf(t.Range, "Too many operators in a row", "At most %d of ! and - may follow one another.", maxUnary)
				return false
			}
		case hclsyntax.TokenNewline, hclsyntax.TokenComment: // inside parentheses a line break separates nothing
		default:
			unary = 0
		}
	}
	return true
}
