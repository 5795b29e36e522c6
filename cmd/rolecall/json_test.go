package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	diffs "github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/audit"
	"github.com/rolecall/rolecall/internal/doctor"
	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/internal/survey"
)

const jsonPage = "../../docs/json.md"

const jsonHead = `# JSON of the commands

What a command prints with ` + "`--format json`" + `, field by field. Fields come with new
versions; those that are here keep their names, their types and what they mean. A field
that is marked *optional* is left out where it is empty. Times are RFC 3339 in UTC,
durations are nanoseconds.

This page is made from the code, and a test holds it.

| command | prints |
|---|---|
`

// jsonPrinted are the values that the commands print.
var jsonPrinted = []struct {
	commands string
	value    any
	many     string
}{
	{"check, explain", report.Decided{}, ""},
	{"simulate", simulated{}, ""},
	{"diff", diffJSON{}, ""},
	{"backtest", replay.Tally{}, ""},
	{"validate", validateJSON{}, ""},
	{"test", testedJSON{}, "a list of "},
	{"ownership", survey.Ownership{}, ""},
	{"handoff", survey.Handoff{}, ""},
	{"load", survey.Load{}, ""},
	{"doctor", doctor.Finding{}, "a list of "},
	{"audit export", audit.Merge{}, "on each line one "},
}

// TestThePageOfJSONIsTheCode holds docs/json.md to what the commands print.
func TestThePageOfJSONIsTheCode(t *testing.T) {
	p := jsonDescription{comments: map[string]string{}, seen: map[reflect.Type]bool{}}
	for _, dir := range []string{".", "../../policy", "../../policy/fact", "../../internal/report", "../../internal/replay", "../../internal/survey", "../../internal/doctor", "../../internal/audit", "../../internal/store"} {
		p.read(t, dir)
	}
	p.out.WriteString(jsonHead)
	for _, one := range jsonPrinted {
		var names []string
		for c := range strings.SplitSeq(one.commands, ", ") {
			names = append(names, "`rolecall "+c+"`")
		}
		fmt.Fprintf(&p.out, "| %s | %s%s |\n", strings.Join(names, ", "), one.many, p.name(reflect.TypeOf(one.value)))
	}
	for len(p.open) > 0 {
		next := p.open[0]
		p.open = p.open[1:]
		p.section(next)
	}
	want := p.out.String()
	if *update {
		if err := os.WriteFile(jsonPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(jsonPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := diffs.Diff(want, string(got)); diff != "" {
		t.Errorf("the page is not what the code says: go test ./cmd/rolecall -run JSON -update\n%s", diff)
	}
}

// jsonDescription writes a section for each struct.
type jsonDescription struct {
	out      strings.Builder
	open     []reflect.Type
	seen     map[reflect.Type]bool
	comments map[string]string // by "package.Type.Field"
}

func (p *jsonDescription) read(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+e.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, name := range f.Names {
						text := cmp.Or(f.Doc.Text(), f.Comment.Text())
						p.comments[file.Name.Name+"."+spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
					}
				}
			}
			return true
		})
	}
}

// name is how the page calls a type; structs get a section.
func (p *jsonDescription) name(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return p.name(t.Elem()) + " or null"
	case reflect.Slice, reflect.Array:
		return "list of " + p.name(t.Elem())
	case reflect.Map:
		return "object of " + p.name(t.Elem()) + " by " + p.name(t.Key())
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return "time"
		}
		title := p.title(t)
		if !p.seen[t] {
			p.seen[t] = true
			p.open = append(p.open, t)
		}
		anchor := strings.NewReplacer(" ", "-", "(", "", ")", "").Replace(strings.ToLower(title))
		return "[" + title + "](#" + anchor + ")"
	case reflect.Interface:
		return "any value"
	}
	if t == reflect.TypeFor[time.Duration]() {
		return "duration"
	}
	return "number"
}

// title is a struct's name with its package, as long as it is not generic.
func (p *jsonDescription) title(t reflect.Type) string {
	name, of, generic := strings.Cut(t.Name(), "[")
	of = strings.ReplaceAll(of, "interface {}", "any value")
	path := strings.Split(t.PkgPath(), "/")
	title := strings.TrimSuffix(strings.TrimSuffix(name, "JSON"), "Cmd")
	if of = strings.TrimSuffix(of, "]"); generic {
		of = of[strings.LastIndexAny(of, "./")+1:]
		title += " of " + strings.TrimPrefix(of, "[]")
	}
	if pkg := path[len(path)-1]; pkg != "rolecall" && pkg != "main" {
		title = pkg + " " + title
	}
	return title
}

func (p *jsonDescription) section(t reflect.Type) {
	fmt.Fprintf(&p.out, "\n## %s\n\n| field | is | what it says |\n|---|---|---|\n", p.title(t))
	p.fields(t)
}

func (p *jsonDescription) fields(t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-" || !f.IsExported():
			continue
		case f.Anonymous && name == "":
			p.fields(f.Type)
			continue
		}
		is := p.name(f.Type)
		if strings.Contains(options, "omit") {
			is += ", *optional*"
		}
		path := strings.Split(t.PkgPath(), "/")
		pkg := path[len(path)-1]
		if strings.HasSuffix(t.PkgPath(), "cmd/rolecall") {
			pkg = "main"
		}
		base, _, _ := strings.Cut(t.Name(), "[")
		said := strings.ReplaceAll(p.comments[pkg+"."+base+"."+f.Name], "|", "\\|")
		fmt.Fprintf(&p.out, "| `%s` | %s | %s |\n", cmp.Or(name, f.Name), is, said)
	}
}
