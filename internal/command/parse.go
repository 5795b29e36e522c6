package command

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/rolecall/rolecall/policy/fact"
)

const (
	// maxBody is GitHub's own limit for a comment, in bytes of ASCII.
	maxBody = 65536
	// maxCommands is how many commands of one comment are read.
	maxCommands = 10
	// maxLine is how long a command's line may be, in bytes.
	maxLine = 1024
	// maxBrackets and maxNesting bound what goldmark's time grows with by the
	// square: brackets that may begin a link, and quotes and lists on one line.
	maxBrackets = 1000
	maxNesting  = 100
)

// Mentions reports whether body may hold a command: false is certain, true
// only a reason to look.
func Mentions(body string) bool {
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " \t"), "/"); ok {
			for _, s := range specs {
				if len(rest) >= len(s.Name) && strings.EqualFold(rest[:len(s.Name)], s.Name) {
					return true
				}
			}
		}
	}
	return false
}

// Parse returns the commands of a comment, in their order. A command stands
// alone on a line of a top-level paragraph; in a quote, a list, a table, code
// or HTML, and after the first piece of HTML (which may hide what follows from
// the reader), it is only text. Comments by bots and by rolecall hold none.
// What is written like a command but cannot be carried out comes with Problem
// set.
func Parse(c fact.Comment) []fact.Command {
	if c.Own || c.Author.Bot || len(c.Body) > maxBody || !Mentions(c.Body) {
		return nil
	}
	source := []byte(strings.ReplaceAll(c.Body, "\r\n", "\n"))
	if intricate(source) {
		return nil
	}
	var found []fact.Command
	for paragraph := range paragraphs(source) {
		if bytes.Contains(paragraph.Lines().Value(source), []byte("$$")) {
			continue // GitHub shows a formula
		}
		plain := plainText(paragraph)
		for i := range paragraph.Lines().Len() {
			segment := paragraph.Lines().At(i)
			line := bytes.TrimRight(segment.Value(source), " \t\n")
			command, name, ok := parseLine(string(line))
			if !ok || !plain.covers(segment.Start, segment.Start+name) {
				continue
			}
			if !plain.covers(segment.Start, segment.Start+len(line)) && command.Problem == "" && !isText(command.Name) {
				command.Args, command.Problem = nil, "the line holds formatting: write it as plain text"
			}
			command.By, command.At = c.Author, c.At
			command.Comment, command.Edited = c.ID, c.Edited
			command.Line = 1 + bytes.Count(source[:segment.Start], []byte("\n"))
			if found = append(found, command); len(found) == maxCommands {
				return found
			}
		}
	}
	return found
}

// intricate reports whether a comment is nested or linked so much that reading
// it would take unduly long. Nobody writes such a comment by hand.
func intricate(source []byte) bool {
	if bytes.Count(source, []byte("[")) > maxBrackets {
		return true
	}
	for line := range bytes.Lines(source) {
		lead := line[:len(line)-len(bytes.TrimLeft(line, " \t>-+*.)0123456789"))]
		quotes := bytes.Count(lead, []byte(">"))
		if quotes > maxNesting || len(bytes.Fields(lead)) > maxNesting {
			return true
		}
	}
	return false
}

// markdown reads what GitHub does beyond CommonMark and what a command's line
// could be part of.
// https://github.github.com/gfm/
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Footnote)).Parser()

// paragraphs yields the top-level paragraphs, up to the first block that holds
// any HTML. Of a paragraph with HTML inside, nothing is yielded.
func paragraphs(source []byte) func(yield func(ast.Node) bool) {
	document := markdown.Parse(text.NewReader(source))
	return func(yield func(ast.Node) bool) {
		for n := document.FirstChild(); n != nil && !holdsHTML(n); n = n.NextSibling() {
			if n.Kind() == ast.KindParagraph && !yield(n) {
				return
			}
		}
	}
}

func holdsHTML(n ast.Node) (found bool) {
	_ = ast.Walk(n, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		if n.Kind() == ast.KindHTMLBlock || n.Kind() == ast.KindRawHTML {
			found = true
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}

// parseLine reads one line that holds nothing but a command; name is where the
// command's name ends.
func parseLine(line string) (command fact.Command, name int, ok bool) {
	rest, ok := strings.CutPrefix(line, "/")
	if !ok {
		return fact.Command{}, 0, false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r == ' ' || deceptive(r) || r == '\t' })
	if end < 0 {
		end = len(rest)
	}
	spec, known := lookup(strings.ToLower(rest[:end]))
	if !known {
		return fact.Command{}, 0, false
	}
	command = fact.Command{Name: spec.Name, Text: line}
	switch {
	case len(line) > maxLine:
		command.Text = strings.ToValidUTF8(strings.Map(visible, line[:maxLine]), "")
		command.Problem = "the line is too long: keep it below 1,024 characters"
	case strings.IndexFunc(line, deceptive) >= 0 || !utf8.ValidString(line):
		command.Text = strings.ToValidUTF8(strings.Map(visible, line), "")
		command.Problem = "the line holds invisible characters: type it again instead of pasting it"
	default:
		command.Args, command.Problem = spec.arguments(rest[end:])
	}
	return command, 1 + end, true
}

func isText(name string) bool {
	s, _ := lookup(name)
	return s.Text
}

// deceptive reports whether a reader would not see the character for what it
// is: controls, format characters such as those that turn the direction of
// writing, and separators that look like a space or a new line.
func deceptive(r rune) bool {
	return r == utf8.RuneError || r != ' ' && r != '\t' && (unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r))
}

func visible(r rune) rune {
	if deceptive(r) {
		return -1
	}
	return r
}

// spans are ranges of bytes, ascending.
type spans [][2]int

// plainText returns where a paragraph's own text stands: outside code spans,
// links, emphasis and HTML.
func plainText(paragraph ast.Node) spans {
	var s spans
	for n := paragraph.FirstChild(); n != nil; n = n.NextSibling() {
		t, ok := n.(*ast.Text)
		if !ok {
			continue
		}
		if last := len(s) - 1; last >= 0 && s[last][1] == t.Segment.Start {
			s[last][1] = t.Segment.Stop
			continue
		}
		s = append(s, [2]int{t.Segment.Start, t.Segment.Stop})
	}
	return s
}

func (s spans) covers(start, end int) bool {
	for _, r := range s {
		if r[0] <= start && end <= r[1] {
			return true
		}
	}
	return false
}
