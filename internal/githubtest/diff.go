package githubtest

import (
	"bytes"
	"fmt"
	"strings"
)

// edit kinds of a line diff.
const (
	keep   = ' '
	remove = '-'
	insert = '+'
)

// lineEdit is one line of a diff.
type lineEdit struct {
	kind byte
	line string // with its newline, where it has one
}

// splitLines cuts text into lines that keep their newline.
func splitLines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	lines := strings.SplitAfter(string(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// maxEdits bounds the search for the shortest edit; beyond it everything
// between the common start and end counts as replaced.
const maxEdits = 4000

// diffLines finds the shortest edit from a to b by Myers's algorithm.
func diffLines(a, b []string) []lineEdit {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var out []lineEdit
	for _, l := range a[:start] {
		out = append(out, lineEdit{keep, l})
	}
	out = append(out, shortest(a[start:len(a)-end], b[start:len(b)-end])...)
	for _, l := range a[len(a)-end:] {
		out = append(out, lineEdit{keep, l})
	}
	return out
}

func shortest(a, b []string) []lineEdit {
	n, m := len(a), len(b)
	if n == 0 || m == 0 {
		return replace(a, b)
	}
	limit := min(n+m, maxEdits)
	offset := limit + 1
	v := make([]int, 2*limit+3)
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), v[offset-d-1:offset+d+2]...))
		for k := -d; k <= d; k += 2 {
			var x int
			if k == -d || k != d && v[offset+k-1] < v[offset+k+1] {
				x = v[offset+k+1]
			} else {
				x = v[offset+k-1] + 1
			}
			for x < n && x-k < m && a[x] == b[x-k] {
				x++
			}
			v[offset+k] = x
			if x >= n && x-k >= m {
				return backtrack(a, b, trace)
			}
		}
	}
	return replace(a, b)
}

func replace(a, b []string) []lineEdit {
	out := make([]lineEdit, 0, len(a)+len(b))
	for _, l := range a {
		out = append(out, lineEdit{remove, l})
	}
	for _, l := range b {
		out = append(out, lineEdit{insert, l})
	}
	return out
}

// backtrack walks Myers's trace from the end. trace[d] holds the furthest
// points before step d, for the diagonals -d-1 to d+1.
func backtrack(a, b []string, trace [][]int) []lineEdit {
	x, y := len(a), len(b)
	var back []lineEdit
	for d := len(trace) - 1; d >= 0; d-- {
		v, center := trace[d], d+1
		k := x - y
		prev := k - 1
		if k == -d || k != d && v[center+k-1] < v[center+k+1] {
			prev = k + 1
		}
		px := v[center+prev]
		py := px - prev
		if d == 0 {
			px, py = 0, 0
		}
		for x > px && y > py {
			x--
			y--
			back = append(back, lineEdit{keep, a[x]})
		}
		if d == 0 {
			break
		}
		if x == px {
			y--
			back = append(back, lineEdit{insert, b[y]})
		} else {
			x--
			back = append(back, lineEdit{remove, a[x]})
		}
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}

// binary tells whether git treats the content as binary.
func binary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 }

const contextLines = 3

// unified renders edits as hunks with three lines of context, without file
// headers and final newline, as GitHub gives them.
func unified(edits []lineEdit) (patch string, additions, deletions int) {
	var out strings.Builder
	oldLine, newLine := 1, 1
	for i := 0; i < len(edits); {
		if edits[i].kind == keep {
			oldLine++
			newLine++
			i++
			continue
		}
		from := i
		for from > 0 && i-from < contextLines && edits[from-1].kind == keep {
			from--
		}
		last := i
		to := i
		for ; to < len(edits); to++ {
			if edits[to].kind != keep {
				last = to
			} else if to-last > 2*contextLines {
				break
			}
		}
		to = min(len(edits), last+1+contextLines)
		lead := i - from
		heading := headingBefore(edits[:from])
		var body strings.Builder
		olds, news := 0, 0
		for _, e := range edits[from:to] {
			switch e.kind {
			case keep:
				olds++
				news++
			case remove:
				olds++
				deletions++
			case insert:
				news++
				additions++
			}
			body.WriteByte(e.kind)
			body.WriteString(e.line)
			if !strings.HasSuffix(e.line, "\n") {
				body.WriteString("\n\\ No newline at end of file\n")
			}
		}
		fmt.Fprintf(&out, "@@ -%s +%s @@", span(oldLine-lead, olds), span(newLine-lead, news))
		if heading != "" {
			out.WriteString(" " + heading)
		}
		out.WriteString("\n" + body.String())
		for _, e := range edits[i:to] {
			if e.kind != insert {
				oldLine++
			}
			if e.kind != remove {
				newLine++
			}
		}
		i = to
	}
	return strings.TrimSuffix(out.String(), "\n"), additions, deletions
}

func span(start, n int) string {
	if n == 0 {
		start--
	}
	if n == 1 {
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, n)
}

// isHeading is git's default for the line that a hunk's header repeats.
func isHeading(line string) bool {
	return line != "" && (line[0] == '_' || line[0] == '$' || line[0] >= 'a' && line[0] <= 'z' || line[0] >= 'A' && line[0] <= 'Z')
}

// headingBefore is what the header of a hunk after these lines repeats.
func headingBefore(edits []lineEdit) string {
	for i := len(edits) - 1; i >= 0; i-- {
		if edits[i].kind != insert && isHeading(edits[i].line) {
			h := strings.TrimRight(edits[i].line, " \t\r\n")
			return h[:min(len(h), 80)]
		}
	}
	return ""
}

// mergeLines merges two changes of one text by lines; ok is false where both
// touch the same place in different ways.
func mergeLines(base, ours, theirs []string) (merged []string, ok bool) {
	type change struct {
		from, to int // lines of base that it replaces
		with     []string
	}
	changes := func(to []string) []change {
		var out []change
		at := 0
		var open *change
		for _, e := range diffLines(base, to) {
			if e.kind == keep {
				open = nil
				at++
				continue
			}
			if open == nil {
				out = append(out, change{from: at, to: at})
				open = &out[len(out)-1]
			}
			if e.kind == remove {
				at++
				open.to = at
			} else {
				open.with = append(open.with, e.line)
			}
		}
		return out
	}
	a, b := changes(ours), changes(theirs)
	at := 0
	take := func(c change) {
		merged = append(merged, base[at:c.from]...)
		merged = append(merged, c.with...)
		at = c.to
	}
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].to < b[0].from:
			take(a[0])
			a = a[1:]
		case len(a) == 0 || b[0].to < a[0].from:
			take(b[0])
			b = b[1:]
		case a[0].from == b[0].from && a[0].to == b[0].to && strings.Join(a[0].with, "") == strings.Join(b[0].with, ""):
			take(a[0])
			a, b = a[1:], b[1:]
		default:
			return nil, false // they touch: git wants a line between
		}
	}
	return append(merged, base[at:]...), true
}
