package terraform

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The bounds of what is parsed. Real code stays far below them; they keep the
// parser's recursion, ours over its tree, and the parser's quadratic work on
// heredocs within a second and 100 MB.
const (
	maxBytes    = 1 << 20
	maxTotal    = 64 << 20 // of all versions of one change
	maxBrackets = 1_000    // inside one another, templates included
	maxChain    = 20_000   // tokens of the open expressions since a separator
	maxBranches = 1_000    // conditionals in one statement
	maxTokens   = 120_000  // of what is parsed at once; each takes a hundred bytes
	maxDigits   = 1_000    // of one number, whose value takes quadratic time
	maxUnary    = 200      // operators in a row
	maxHeredoc  = 128 << 20
	small       = 32 << 10 // bytes below which counting signs is proof enough
)

// text returns why src is not read as text, "" where it is.
func text(src []byte) string {
	switch {
	case len(src) > maxBytes:
		return "the file is larger than 1 MB"
	case !utf8.Valid(src):
		return "the file is not UTF-8 text"
	case bytes.IndexByte(src, 0) >= 0:
		return "the file holds a NUL character"
	}
	return ""
}

// bound returns why src is not given to HCL's parser, which recurses; "" where
// it is safe to.
func bound(src []byte) string {
	if why := text(src); why != "" {
		return why
	}
	c := count(src)
	switch {
	case c.words > maxTokens:
		return fmt.Sprintf("the file has more than %d words and signs in one piece", maxTokens)
	case c.digits > maxDigits:
		return fmt.Sprintf("the file has a number of more than %d digits", maxDigits)
	}
	heredoc := c.lines*len(src) > maxHeredoc && bytes.Contains(src, []byte("<<"))
	if len(src) <= small && c.opens <= maxBrackets && c.branches <= maxBranches && !heredoc {
		return ""
	}
	return boundTokens(src)
}

// counts are upper bounds of what HCL's scanner will find, whatever of it
// stands in texts and comments.
type counts struct {
	words    int // words, numbers and signs
	digits   int // in a row, of the longest number
	opens    int
	branches int
	lines    int
}

func count(src []byte) counts {
	var c counts
	inWord, digits := false, 0
	for _, b := range src {
		word := b == '_' || b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
		switch {
		case b == ' ', b == '\t', b >= 0x80 && b < 0xC0: // the rest of a character
		case word && inWord && b != '-':
		default:
			c.words++
		}
		inWord = word
		if b >= '0' && b <= '9' || b == '.' {
			digits++
			c.digits = max(c.digits, digits)
		} else {
			digits = 0
		}
		switch b {
		case '{', '[', '(':
			c.opens++
		case '?':
			c.branches++
		case '\n':
			c.lines++
		}
	}
	return c
}

func boundTokens(src []byte) string {
	type level struct {
		run, branches int
		braces        bool // a line break separates here
	}
	var (
		stack   []level
		at      level
		total   int
		unary   int
		heredoc int // index of the first token of the open heredoc, -1 outside
	)
	heredoc, at.braces = -1, true
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOHeredoc:
			heredoc = i
		case hclsyntax.TokenCHeredoc:
			if heredoc >= 0 {
				size := t.Range.Start.Byte - tokens[heredoc].Range.Start.Byte
				if (i-heredoc)*size > maxHeredoc {
					return "the file has a heredoc of too many lines"
				}
			}
			heredoc = -1
		}
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenOQuote,
			hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOHeredoc:
			at.run++
			total++
			stack = append(stack, at)
			at = level{braces: t.Type == hclsyntax.TokenOBrace}
			if len(stack) > maxBrackets {
				return "the file nests more than 1,000 brackets"
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCQuote,
			hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCHeredoc:
			total -= at.run
			at = level{braces: true}
			if n := len(stack); n > 0 {
				at, stack = stack[n-1], stack[:n-1]
			}
		case hclsyntax.TokenComma:
			total -= at.run
			at = level{braces: at.braces}
		case hclsyntax.TokenNewline:
			// Within parentheses and brackets a line break separates nothing.
			if at.braces {
				total -= at.run
				at = level{braces: true}
			}
		case hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit, hclsyntax.TokenComment:
		default:
			at.run++
			total++
		}
		switch t.Type {
		case hclsyntax.TokenQuestion:
			if at.branches++; at.branches > maxBranches {
				return "the file has more than 1,000 conditionals in one statement"
			}
		case hclsyntax.TokenTemplateControl:
			// Each directive of a template may open one that nests.
			if n := len(stack); n > 0 {
				if stack[n-1].branches++; stack[n-1].branches > maxBranches {
					return "the file has more than 1,000 directives in one template"
				}
			}
		}
		switch t.Type {
		case hclsyntax.TokenBang, hclsyntax.TokenMinus:
			if unary++; unary > maxUnary {
				return "the file has more than 200 operators in a row"
			}
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		default:
			unary = 0
		}
		if total > maxChain {
			return "the file has an expression of more than 20,000 tokens"
		}
	}
	return ""
}
