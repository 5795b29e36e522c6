package replay

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
)

// Page is a backtest as one HTML page, which loads nothing and runs nothing.
type Page struct {
	Repository string // its name
	Policy     string // file names
	Against    string // "" for one policy alone
	Tally      Tally
}

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": func(n, of int) string { return fmt.Sprintf("%.1f", 100*float64(n)/float64(max(of, 1))) },
	"words":   func(r policy.Reason) string { return report.Plain(report.Words(r), false) },
	"visible": report.Visible,
	"chart":   newChart,
	"width": func(n, most float64) string {
		if most <= 0 {
			return "0"
		}
		return fmt.Sprintf("%.1f", 100*n/most)
	},
	"float":  func(n int) float64 { return float64(n) },
	"titled": func(title string, all []Note) notes { return notes{title, all} },
	"most": func(all []Load) (most float64) {
		for _, l := range all {
			most = max(most, float64(l.Changes))
		}
		return most
	},
	"heaviest": func(all []Share) (most float64) {
		for _, s := range all {
			most = max(most, s.Share)
		}
		return most
	},
}).Parse(pageHTML))

// notes is a list with its title.
type notes struct {
	Title string
	Notes []Note
}

// Sure is how many of the changes are in no doubt.
func (l Load) Sure() int { return l.Changes - l.Unknown }

// Write writes the page.
func (p Page) Write(w io.Writer) error { return page.Execute(w, p) }

// The chart of months, in the units of its view box.
const (
	chartHeight = 120
	chartWidth  = 720
)

// chart is the changes of a history by month, as columns.
type chart struct {
	Width, Height int
	Most          int
	Columns       []column
	Labels        []chartLabel
}

type column struct {
	Month
	X, Width            float64
	All, Asked, Unknown float64 // heights
}

type chartLabel struct {
	X    float64
	Text string
}

func newChart(months []Month) chart {
	c := chart{Width: chartWidth, Height: chartHeight}
	for _, m := range months {
		c.Most = max(c.Most, m.Changes)
	}
	step := float64(chartWidth) / float64(max(len(months), 12))
	height := func(n int) float64 { return float64(chartHeight*n) / float64(max(c.Most, 1)) }
	year := ""
	for i, m := range months {
		x := float64(i) * step
		c.Columns = append(c.Columns, column{m, x, step * 0.8, height(m.Changes), height(m.Asked), height(m.Unknown)})
		if y := m.Month[:4]; y != year {
			year = y
			c.Labels = append(c.Labels, chartLabel{x, y})
		}
	}
	return c
}

// Room is the height with the labels above and below.
func (c chart) Room() int { return c.Height + 32 }

// Top is where a column of this height begins.
func (c chart) Top(height float64) float64 { return float64(c.Height) - height }
