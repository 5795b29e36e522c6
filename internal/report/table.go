package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table is rows of text for people. Its cells may come from outside: what they
// hold is shown as such.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	Empty   string // what is said in place of rows
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// TablesText writes tables for a terminal.
func TablesText(w io.Writer, tables []Table, color bool) error {
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(w)
		}
		title := clean(t.Title)
		if color {
			title = bold + title + reset
		}
		fmt.Fprintln(w, title)
		if len(t.Rows) == 0 {
			fmt.Fprintf(w, "  %s\n", t.Empty)
			continue
		}
		var b strings.Builder
		tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, row := range append([][]string{t.Columns}, t.Rows...) {
			cells := make([]string, len(row))
			for i, c := range row {
				cells[i] = clean(c)
			}
			fmt.Fprintln(tw, "  "+strings.Join(cells, "\t"))
		}
		if err := tw.Flush(); err != nil {
			return err
		}
		for line := range strings.Lines(b.String()) {
			fmt.Fprintln(w, strings.TrimRight(line, " \n"))
		}
	}
	return nil
}

// TablesMarkdown writes tables as Markdown.
func TablesMarkdown(w io.Writer, tables []Table) error {
	var b strings.Builder
	for i, t := range tables {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "### %s\n\n", clean(t.Title))
		if len(t.Rows) == 0 {
			fmt.Fprintf(&b, "%s\n", upper(t.Empty)+".")
			continue
		}
		fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.Columns, " | "), strings.Repeat("---|", len(t.Columns)))
		for _, row := range t.Rows {
			cells := make([]string, len(row))
			for i, c := range row {
				if c != "" {
					cells[i] = plain(c)
				}
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
