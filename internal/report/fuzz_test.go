package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	render "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// unsafe renders Markdown and lets all HTML through, which is the worst that a
// page can do with it.
var unsafe = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote), goldmark.WithRendererOptions(render.WithUnsafe()))

// elements are those that this package's own structure is rendered to.
var elements = strings.Fields("p ul ol li code pre table thead tbody tr th td h1 h2 h3 h4 strong em blockquote details summary br hr")

// tags reads what Markdown is rendered to as a browser does, and returns what
// there is no reason for.
func tags(t *testing.T, markdown string) (found []string) {
	var b bytes.Buffer
	if err := unsafe.Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	for z := html.NewTokenizer(&b); ; {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return found
		case html.CommentToken, html.DoctypeToken:
			found = append(found, string(z.Raw()))
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := z.Token()
			if !slices.Contains(elements, token.Data) {
				found = append(found, token.String())
			}
			for _, a := range token.Attr {
				if !slices.Contains([]string{"align", "style", "class", "start"}, a.Key) {
					found = append(found, token.String())
				}
			}
		case html.TextToken:
		}
	}
}

// filler puts one text wherever a value holds one, and one element into every
// list, as deep as a decision goes.
type filler struct {
	text   string
	code   policy.Code
	status policy.Status
	kind   string
}

func (f filler) fill(v reflect.Value, depth int) {
	switch v.Interface().(type) {
	case policy.Code:
		v.Set(reflect.ValueOf(f.code))
		return
	case policy.Status:
		v.Set(reflect.ValueOf(f.status))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.Name == "Kind" && field.Type.Kind() == reflect.String {
				v.Field(i).SetString(f.kind)
			} else if field.IsExported() {
				f.fill(v.Field(i), depth)
			}
		}
	case reflect.Slice:
		if depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			f.fill(v.Index(0), depth-1)
		}
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), depth-1)
		}
	case reflect.Map:
		if depth > 0 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key, depth-1)
			f.fill(value, depth-1)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(key, value)
		}
	default:
	}
}

// FuzzRendering writes a text from outside in every place that there is for
// one, and reads all that is rendered again: as Markdown, as HTML, as a
// terminal does, as JSON.
func FuzzRendering(f *testing.F) {
	for i, s := range evil {
		f.Add(s, uint8(i), uint8(i), uint8(i))
	}
	f.Add(strings.Join(evil, ""), uint8(3), uint8(1), uint8(0))
	all := codes(f)
	statuses := []policy.Status{policy.Met, policy.Waiting, policy.Refused, policy.Stuck, policy.Broken, policy.Idle, policy.Owed}
	kinds := []string{policy.KindRole, policy.KindAny, policy.KindAll}
	f.Fuzz(func(t *testing.T, s string, code, status, kind uint8) {
		if len(s) > 2_000 {
			return
		}
		var d policy.Decision
		filler{text: s, code: all[int(code)%len(all)], status: statuses[int(status)%len(statuses)], kind: kinds[int(kind)%len(kinds)]}.fill(reflect.ValueOf(&d).Elem(), 6)
		o := report.Options{Asked: []string{s}, Forged: []string{s}, Shares: []int{9}}
		out := report.Check(d, o)
		title, issue := report.DebtIssue(d)
		for part, markdown := range map[string]string{
			"summary": out.Summary, "text": out.Text, "issue": issue,
			"reply": report.Reply(d, d.Commands, []report.Command{{Usage: "/request @user|ROLE", Help: "Asks.", Who: "anyone"}}),
		} {
			if found := live(markdown); found != nil {
				t.Fatalf("%s: %q comes alive in\n%s", part, found, markdown)
			}
			if found := tags(t, markdown); found != nil {
				t.Fatalf("%s: %q is rendered from\n%s", part, found, markdown)
			}
		}
		// Whoever owes a review is called by name, and nobody else.
		for _, markdown := range []string{report.DebtReminder(d, 1), report.DebtCleared(d, true)} {
			if found := tags(t, markdown); found != nil {
				t.Fatalf("%q is rendered from\n%s", found, markdown)
			}
		}
		for _, line := range []string{out.Title, title} {
			if strings.ContainsFunc(line, control) {
				t.Fatalf("control characters in %q", line)
			}
		}
		for _, print := range []func(io.Writer) error{
			func(w io.Writer) error { return report.Terminal(w, d, o, true, false) },
			func(w io.Writer) error { return report.Tree(w, d, false) },
		} {
			var b bytes.Buffer
			if err := print(&b); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsFunc(strings.ReplaceAll(b.String(), "\n", ""), control) {
				t.Fatalf("a terminal gets control characters: %q", b.String())
			}
		}
		var b bytes.Buffer
		if err := report.SARIF(&b, d, []fact.File{{Path: s, PreviousPath: s}}, "1"); err != nil || !json.Valid(b.Bytes()) {
			t.Fatalf("SARIF: %v\n%s", err, b.String())
		}
	})
}

func control(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
