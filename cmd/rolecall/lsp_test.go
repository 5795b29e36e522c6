package main

import (
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/sourcegraph/jsonrpc2"
)

// editor is a client of the language server: the real program, spoken to over
// its standard input and output.
type editor struct {
	*testing.T
	conn        *jsonrpc2.Conn
	cmd         *exec.Cmd
	diagnostics chan editorDiagnostics
	version     int
}

type editorPosition struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type editorRange struct {
	Start editorPosition `json:"start"`
	End   editorPosition `json:"end"`
}

type editorDiagnostics struct {
	URI         string `json:"uri"`
	Version     int    `json:"version"`
	Diagnostics []struct {
		Range    editorRange `json:"range"`
		Severity int         `json:"severity"`
		Message  string      `json:"message"`
	} `json:"diagnostics"`
}

type editorItem struct {
	Label    string `json:"label"`
	Kind     int    `json:"kind"`
	TextEdit struct {
		Range   editorRange `json:"range"`
		NewText string      `json:"newText"`
	} `json:"textEdit"`
}

type stdio struct {
	io.Reader
	io.WriteCloser
}

const editorFile = "file:///repo/.github/rolecall.hcl"

func newEditor(t *testing.T, snippets bool) *editor {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	e := &editor{T: t, cmd: exec.CommandContext(ctx, "rolecall", "lsp", "--stdio"), diagnostics: make(chan editorDiagnostics, 10)}
	in, err := e.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e.conn = jsonrpc2.NewConn(ctx, jsonrpc2.NewBufferedStream(stdio{out, in}, jsonrpc2.VSCodeObjectCodec{}), jsonrpc2.HandlerWithError(func(_ context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) (any, error) {
		var d editorDiagnostics
		if r.Method == "textDocument/publishDiagnostics" && json.Unmarshal(*r.Params, &d) == nil {
			e.diagnostics <- d
		}
		return nil, nil
	}))
	t.Cleanup(func() {
		e.conn.Close()
		cancel()
		_ = e.cmd.Wait()
	})
	var hello struct {
		Capabilities map[string]any `json:"capabilities"`
		ServerInfo   struct{ Name string }
	}
	e.call("initialize", map[string]any{"processId": nil, "rootUri": "file:///repo", "capabilities": map[string]any{
		"textDocument": map[string]any{"completion": map[string]any{"completionItem": map[string]any{"snippetSupport": snippets}}},
	}}, &hello)
	if hello.ServerInfo.Name != "rolecall" || hello.Capabilities["hoverProvider"] != true {
		t.Fatalf("the server says of itself: %+v", hello)
	}
	e.notify("initialized", struct{}{})
	return e
}

func (e *editor) call(method string, params, result any) {
	e.Helper()
	if err := e.conn.Call(context.Background(), method, params, result); err != nil {
		e.Fatalf("%s: %v", method, err)
	}
}

func (e *editor) notify(method string, params any) {
	e.Helper()
	if err := e.conn.Notify(context.Background(), method, params); err != nil {
		e.Fatalf("%s: %v", method, err)
	}
}

// show opens a file, or changes it, and returns what is wrong with it and
// where its mark ¦ was.
func (e *editor) show(text string) (editorDiagnostics, editorPosition) {
	e.Helper()
	before, after, _ := strings.Cut(text, "¦")
	lines := strings.Split(before, "\n")
	at := editorPosition{len(lines) - 1, len(utf16.Encode([]rune(lines[len(lines)-1])))}
	e.version++
	if e.version == 1 {
		e.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": editorFile, "languageId": "hcl", "version": 1, "text": before + after}})
	} else {
		e.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": editorFile, "version": e.version}, "contentChanges": []any{map[string]any{"text": before + after}}})
	}
	select {
	case d := <-e.diagnostics:
		if d.URI != editorFile || d.Version != e.version {
			e.Fatalf("diagnostics of %s in version %d, want %d", d.URI, d.Version, e.version)
		}
		return d, at
	case <-time.After(30 * time.Second):
		e.Fatal("no diagnostics came")
	}
	panic("unreachable")
}

// complete returns what can stand at the mark.
func (e *editor) complete(text string) (items []editorItem) {
	e.Helper()
	_, at := e.show(text)
	e.call("textDocument/completion", place(at), &items)
	return items
}

func place(at editorPosition) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": editorFile}, "position": at}
}

func labels(items []editorItem) (out []string) {
	for _, i := range items {
		out = append(out, i.Label)
	}
	return out
}

const editorPolicy = `policy {
  keepers = ["manager"]
}

locals {
  # Für 𝄞: what stands behind it is counted in UTF-16.
  machines = [for r in terraform.resources : r if r.instance]
}

role "manager" {
  members = ["@mia"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

project "instances" {
  files = ["instances/**"]
  dri   = "@ana"
}

rule "rest" {
  changes = uncovered.files
  require "cloud-engineer" {}
}
`

func TestTheEditorSeesWhatIsWrong(t *testing.T) {
	e := newEditor(t, true)
	if d, _ := e.show(editorPolicy); len(d.Diagnostics) != 0 {
		t.Fatalf("there is something wrong with a policy that loads: %+v", d.Diagnostics)
	}
	d, _ := e.show(editorPolicy + "rule \"x\" {\n  /* 𝄞 */ changes = terraform.resource\n  require \"cloud-engineer\" {}\n}\n")
	if len(d.Diagnostics) != 1 || d.Diagnostics[0].Severity != 1 || !strings.Contains(d.Diagnostics[0].Message, `Did you mean "resources"?`) {
		t.Fatalf("a misspelling: %+v", d.Diagnostics)
	}
	line := strings.Count(editorPolicy, "\n") + 1
	want := editorRange{editorPosition{line, 30}, editorPosition{line, 39}} // 𝄞 is two units; the dot belongs to the step
	if got := d.Diagnostics[0].Range; got != want {
		t.Errorf("the misspelling is shown at %v, want %v", got, want)
	}
	d, _ = e.show(strings.Replace(editorPolicy, "uncovered.files", "glob(\"docs/**\")", 1))
	if len(d.Diagnostics) != 1 || d.Diagnostics[0].Severity != 2 {
		t.Errorf("a warning: %+v", d.Diagnostics)
	}
	d, _ = e.show(editorPolicy + "rule \"broken")
	if len(d.Diagnostics) == 0 || d.Diagnostics[0].Severity != 1 {
		t.Errorf("a file that does not parse: %+v", d.Diagnostics)
	}
	e.notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": editorFile}})
	if d := <-e.diagnostics; len(d.Diagnostics) != 0 {
		t.Errorf("a closed file keeps its diagnostics: %+v", d)
	}
	e.call("shutdown", nil, nil)
	e.notify("exit", nil)
	if err := e.cmd.Wait(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
}

func TestTheEditorCompletes(t *testing.T) {
	e := newEditor(t, true)
	for name, test := range map[string]struct {
		text      string
		want, not []string
	}{
		"blocks of a file":             {"¦", []string{"policy", "role", "rule", "project", "locals", "commands"}, []string{"require", "keepers"}},
		"what a rule takes":            {editorPolicy + "rule \"x\" {\n  changes = files\n  ¦\n}\n", []string{"when", "distinct", "sticky", "require", "any", "all"}, []string{"changes", "policy", "members"}},
		"what comes behind as well":    {editorPolicy + "rule \"x\" {\n  ¦\n  advice = true\n}\n", []string{"changes"}, []string{"advice"}},
		"what any takes":               {editorPolicy + "rule \"x\" {\n  any {\n    re¦\n  }\n}\n", []string{"require", "all"}, []string{"changes"}},
		"values":                       {"policy {\n  mode = ¦\n}\n", []string{`"enforce"`, `"observe"`}, nil},
		"values inside quotes":         {"policy {\n  mode = \"¦\"\n}\n", []string{"enforce", "observe"}, nil},
		"values of a list":             {editorPolicy + "rule \"x\" {\n  require \"manager\" { allow = [\"¦\"] }\n}\n", []string{"author", "contributor"}, nil},
		"true and false":               {editorPolicy + "rule \"x\" {\n  distinct = ¦\n}\n", []string{"true", "false"}, nil},
		"roles of keepers":             {editorPolicy + "policy {\n  keepers = [\"¦\n}\n", []string{"manager", "cloud-engineer"}, nil},
		"roles to require":             {editorPolicy + "rule \"x\" {\n  require \"cl¦\n}\n", []string{"cloud-engineer"}, []string{"when"}},
		"stand-ins":                    {editorPolicy + "role \"x\" {\n  otherwise = \"¦\"\n}\n", []string{"manager"}, nil},
		"roles of commands":            {editorPolicy + "commands {\n  delegate = [\"¦\"]\n}\n", []string{"manager"}, nil},
		"commands":                     {"commands {\n  ¦\n}\n", []string{"assign-dri", "delegate", "break-glass"}, nil},
		"names":                        {editorPolicy + "rule \"x\" {\n  changes = ¦\n}\n", []string{"files", "terraform", "go", "dependencies", "local", "glob", "resources"}, []string{"terraform.files"}},
		"names after a dot":            {editorPolicy + "rule \"x\" {\n  changes = terraform.¦\n}\n", []string{"files", "resources", "modules"}, []string{"terraform", "dependencies"}},
		"names half written":           {editorPolicy + "rule \"x\" {\n  changes = terraform.res¦\n}\n", []string{"resources"}, nil},
		"locals":                       {editorPolicy + "rule \"x\" {\n  changes = local.¦\n}\n", []string{"machines"}, []string{"files"}},
		"a loop's element":             {editorPolicy + "rule \"x\" {\n  changes = [for d in dependencies : d if d.¦]\n}\n", []string{"ecosystem", "action", "name"}, []string{"address"}},
		"an element of a local":        {editorPolicy + "rule \"x\" {\n  changes = [for m in local.machines : m if m.¦ == \"a\"]\n}\n", []string{"address", "kind", "instance"}, []string{"ecosystem"}},
		"an element of a function":     {editorPolicy + "rule \"x\" {\n  changes = [for f in glob(\"a/**\") : f if f.¦\n}\n", []string{"path", "mode", "additions"}, nil},
		"an element in a nested loop":  {editorPolicy + "rule \"x\" {\n  when = length([for r in terraform.resources : r if length([for k in r.risks : k if r.¦]) > 0]) > 0\n}\n", []string{"address"}, nil},
		"loop variables":               {editorPolicy + "rule \"x\" {\n  changes = [for dep in dependencies : ¦]\n}\n", []string{"dep", "files"}, nil},
		"roles in functions":           {editorPolicy + "rule \"x\" {\n  when = author_in(\"¦\")\n}\n", []string{"manager"}, nil},
		"who decides on a label":       {editorPolicy + "rule \"x\" {\n  when = label(\"urgent\", \"¦\")\n}\n", []string{"manager"}, nil},
		"no role as a label":           {editorPolicy + "rule \"x\" {\n  when = label(\"¦\", \"manager\")\n}\n", nil, []string{"manager"}},
		"working days":                 {"role \"x\" {\n  hours = { days = [\"¦\"] }\n}\n", []string{"mon", "sun"}, nil},
		"nothing in a comment's place": {"role \"¦\" {\n}\n", nil, []string{"members", "role"}},
		"in spite of an open quote":    {"role \"a\" {\n  title = \"A\n}\n" + editorPolicy + "rule \"x\" {\n  require \"¦\" {}\n}\n", []string{"manager", "a"}, nil},
	} {
		e.T = t
		got := labels(e.complete(test.text))
		for _, w := range test.want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %q is not offered, but %q", name, w, got)
			}
		}
		for _, w := range test.not {
			if slices.Contains(got, w) {
				t.Errorf("%s: %q is offered among %q", name, w, got)
			}
		}
	}
	items := e.complete(editorPolicy + "rule \"x\" {\n  changes = terraform.res¦\n}\n")
	i := slices.IndexFunc(items, func(i editorItem) bool { return i.Label == "resources" })
	if r := items[i].TextEdit.Range; r.Start.Character != 22 || r.End.Character != 25 {
		t.Errorf("resources replaces %v", r)
	}
}

func TestAnEditorWithoutSnippetsGetsPlainText(t *testing.T) {
	e := newEditor(t, false)
	for _, i := range e.complete("¦") {
		if strings.Contains(i.TextEdit.NewText, "$") {
			t.Errorf("%s inserts %q", i.Label, i.TextEdit.NewText)
		}
	}
}

func TestTheEditorExplainsAndGoesThere(t *testing.T) {
	e := newEditor(t, true)
	for name, test := range map[string]struct {
		text  string
		hover string // in what is shown; "" for nothing
		line  string // on which the definition stands; "" for none
	}{
		"a block":                {strings.Replace(editorPolicy, "project", "pro¦ject", 1), "Files with one directly responsible person", ""},
		"an argument":            {strings.Replace(editorPolicy, "dri  ", "d¦ri  ", 1), "`dri` (person)", ""},
		"a role that is needed":  {strings.Replace(editorPolicy, "require \"cloud", "require \"cl¦oud", 1), `title   = "Cloud Engineer"`, `role "cloud-engineer" {`},
		"a keeper":               {strings.Replace(editorPolicy, "[\"manager", "[\"man¦ager", 1), `members = ["@mia"]`, `role "manager" {`},
		"a name":                 {strings.Replace(editorPolicy, "uncovered.files", "uncovered.fi¦les", 1), "changed files in no other rule's scope", ""},
		"a group of names":       {strings.Replace(editorPolicy, "uncovered.files", "terra¦form.files", 1), "`terraform.resources`", ""},
		"a function":             {strings.Replace(editorPolicy, "uncovered.files", "gl¦ob(\"a\")", 1), "glob(pattern…)", ""},
		"a function that is not": {strings.Replace(editorPolicy, "uncovered.files", "tr¦y(files)", 1), "There is no `try`", ""},
		"a local":                {strings.Replace(editorPolicy, "uncovered.files", "local.mach¦ines", 1), "for r in terraform.resources", "  machines = [for r in terraform.resources : r if r.instance]"},
		"a loop's variable":      {strings.Replace(editorPolicy, "uncovered.files", "[for d in dependencies : d if ¦d.direct]", 1), "`ecosystem`", ""},
		"an attribute":           {strings.Replace(editorPolicy, "uncovered.files", "[for d in dependencies : d if d.¦direct]", 1), "is required directly", ""},
		"a project by its name":  {strings.Replace(editorPolicy, "uncovered.files", "[for p in projects : p if p.name == \"inst¦ances\"]", 1), `files = ["instances/**"]`, `project "instances" {`},
		"a command":              {editorPolicy + "commands {\n  dele¦gate = [\"manager\"]\n}\n", "/delegate @user", ""},
		"nothing":                {strings.Replace(editorPolicy, "@mia", "@m¦ia", 1), "", ""},
	} {
		e.T = t
		_, at := e.show(test.text)
		var hover *struct{ Contents struct{ Value string } }
		e.call("textDocument/hover", place(at), &hover)
		switch {
		case hover == nil:
			if test.hover != "" {
				t.Errorf("%s: nothing is said", name)
			}
		case test.hover == "" || !strings.Contains(hover.Contents.Value, test.hover):
			t.Errorf("%s: it says %q, want %q", name, hover.Contents.Value, test.hover)
		}
		var where *struct {
			URI   string
			Range editorRange
		}
		e.call("textDocument/definition", place(at), &where)
		if (where == nil) != (test.line == "") {
			t.Errorf("%s: it is defined at %v, want the line %q", name, where, test.line)
		} else if where != nil {
			if got := strings.Split(strings.Replace(test.text, "¦", "", 1), "\n")[where.Range.Start.Line]; got != test.line {
				t.Errorf("%s: it is defined in the line %q, want %q", name, got, test.line)
			}
		}
	}
}

// The tests of a policy are checked against it where it is open.
func TestTheEditorChecksTests(t *testing.T) {
	e := newEditor(t, true)
	const tests = "file:///repo/.github/rolecall.rolecall_test.hcl"
	open := func(uri, text string) editorDiagnostics {
		e.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": uri, "languageId": "hcl", "version": 1, "text": text}})
		return <-e.diagnostics
	}
	text := "test \"a\" {\n  roles  = { \"cloud-enginee\" = [\"@ana\"] }\n  expect = { status = \"met\" }\n}\n"
	if d := open(tests, text); len(d.Diagnostics) != 0 {
		t.Errorf("a file of tests by itself: %+v", d.Diagnostics)
	}
	open(editorFile, editorPolicy)
	if d := <-e.diagnostics; d.URI != tests || len(d.Diagnostics) != 1 || !strings.Contains(d.Diagnostics[0].Message, `Did you mean "cloud-engineer"?`) {
		t.Errorf("a misspelling in a test: %+v", d)
	}
	if d := open(tests, "test {"); len(d.Diagnostics) == 0 {
		t.Error("a file of tests that does not parse has nothing wrong with it")
	}
}

func TestTheEditorListsAndFormats(t *testing.T) {
	e := newEditor(t, true)
	e.show(strings.Replace(editorPolicy, "  title   =", "title =", 1))
	var symbols []struct {
		Name, Detail string
		Children     []struct{ Name string }
	}
	e.call("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": editorFile}}, &symbols)
	var names []string
	for _, s := range symbols {
		names = append(names, strings.TrimSpace(s.Detail+" "+s.Name))
		for _, c := range s.Children {
			names = append(names, "local "+c.Name)
		}
	}
	if want := []string{"policy", "locals", "local machines", "role manager", "role cloud-engineer", "project instances", "rule rest"}; !slices.Equal(names, want) {
		t.Errorf("the file has %q, want %q", names, want)
	}
	var edits []struct {
		Range   editorRange
		NewText string
	}
	e.call("textDocument/formatting", map[string]any{"textDocument": map[string]any{"uri": editorFile}, "options": map[string]any{"tabSize": 2, "insertSpaces": true}}, &edits)
	if len(edits) != 1 || edits[0].NewText != editorPolicy {
		t.Errorf("formatting gives %+v", edits)
	}
	var nothing any
	if err := e.conn.Call(context.Background(), "textDocument/rename", place(editorPosition{}), &nothing); err == nil {
		t.Error("a request that the server does not know is answered")
	}
	e.notify("exit", nil)
	if err := e.cmd.Wait(); err == nil {
		t.Error("an exit without a shutdown is no error")
	}
}
