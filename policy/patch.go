package policy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rolecall/rolecall/policy/fact"
)

// wordLasting ends an /assign-dri that asks for a change of the policy file.
const wordLasting = "lasting"

// lasting reports whether the command asks for a change of the policy file,
// which changes nothing by itself.
func lasting(c fact.Command) bool {
	return c.Name == "assign-dri" && len(c.Args) > 0 && c.Args[len(c.Args)-1] == wordLasting
}

// lasting answers with the patch that makes somebody a project's DRI for good.
// rolecall has no right to push it: somebody opens a pull request with it,
// which the policy's keepers approve.
func (s *steering) lasting(c fact.Command) ruling {
	who, name, bad := driArguments(c.Args[:len(c.Args)-1])
	switch {
	case bad != nil:
		return refuse(*bad)
	case name == "":
		return refuse(Reason{Code: CommandUnclear, Detail: "it names no project: write /assign-dri @user PROJECT lasting"})
	}
	who = cmp.Or(who, fact.Login(c.By.Login))
	i := slices.IndexFunc(s.layer.projects, func(p *project) bool { return p.name == name })
	if i < 0 {
		return refuse(Reason{Code: CommandNoProject, Project: name})
	}
	p := s.layer.projects[i]
	if why := s.decides(c, p.name, fact.Login(p.dri)); why != nil {
		return refuse(*why)
	}
	if fact.Login(p.dri) == who {
		return ruling{accepted: true, reasons: []Reason{{Code: PatchSame, Project: name, Person: who}}}
	}
	if !s.layer.floor && s.layer.source.Name != RepoPath {
		return refuse(Reason{Code: PatchImpossible, Project: name, Detail: "the policy that counts here is not a file of this repository"})
	}
	after, err := setDRI(s.layer.bytes, name, who)
	if err != nil {
		return refuse(Reason{Code: PatchImpossible, Project: name, Detail: err.Error()})
	}
	return ruling{
		accepted: true, reasons: []Reason{{Code: PatchReady, Project: name, Person: who, Detail: s.layer.source.Name}},
		patch: unified(s.layer.file(), s.layer.bytes, after),
	}
}

// file is the path of the layer's source in the repository that holds it.
func (l *layer) file() string {
	if l.floor {
		return FloorPath
	}
	return RepoPath
}

// setDRI returns the policy with another DRI of a project, and every other
// byte as it is: hclwrite would lay out the whole file anew.
func setDRI(text []byte, project, login string) ([]byte, error) {
	block, err := projectBlock(text, project)
	if err != nil {
		return nil, err
	}
	person := strconv.Quote("@" + login)
	files, dri := block.Body.Attributes["files"], block.Body.Attributes["dri"]
	open, shut := block.OpenBraceRange, block.CloseBraceRange
	var out []byte
	switch {
	case dri != nil:
		r := dri.Expr.Range()
		out = fmt.Appendf(out, "%s%s%s", text[:r.Start.Byte], person, text[r.End.Byte:])
	case files == nil:
		return nil, errors.New("the project has no files")
	case open.Start.Line == shut.Start.Line:
		r := files.SrcRange
		out = fmt.Appendf(out, "%s\n  %s\n  dri   = %s\n%s", text[:open.End.Byte], text[r.Start.Byte:r.End.Byte], person, text[shut.Start.Byte:])
	default: // a line of its own below the files, in line with them
		r := files.SrcRange
		line, at := bytes.LastIndexByte(text[:r.Start.Byte], '\n')+1, len(text)
		if n := bytes.IndexByte(text[r.End.Byte:], '\n'); n >= 0 {
			at = r.End.Byte + n + 1
		}
		width := max(files.EqualsRange.Start.Column-files.NameRange.Start.Column, len("dri "))
		out = fmt.Appendf(out, "%s%s%-*s= %s\n%s", text[:at], text[line:r.Start.Byte], width, "dri", person, text[at:])
	}
	// Whatever the layout was, nothing is handed out that does not say what it
	// was asked to.
	block, err = projectBlock(out, project)
	if err != nil {
		return nil, err
	}
	if dri := block.Body.Attributes["dri"]; dri != nil {
		v, diags := dri.Expr.Value(nil)
		if !diags.HasErrors() && v.Type() == cty.String && v.AsString() == "@"+login {
			return out, nil
		}
	}
	return nil, errors.New("its layout does not let the DRI be changed")
}

func projectBlock(text []byte, project string) (*hclsyntax.Block, error) {
	file, diags := hclsyntax.ParseConfig(text, path.Base(RepoPath), hcl.InitialPos)
	if diags.HasErrors() {
		return nil, fmt.Errorf("the file does not parse: %w", diags)
	}
	for _, b := range file.Body.(*hclsyntax.Body).Blocks {
		if b.Type == "project" && slices.Equal(b.Labels, []string{project}) {
			return b, nil
		}
	}
	return nil, errors.New("no block of that name is in the file")
}

// patchContext is how many lines of a patch are shown around what changes.
const patchContext = 3

// unified is the patch from one version of a file to the next, as one hunk in
// the form that git apply takes.
// https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
func unified(file string, before, after []byte) string {
	a, b := strings.SplitAfter(string(before), "\n"), strings.SplitAfter(string(after), "\n")
	for _, lines := range []*[]string{&a, &b} {
		if n := len(*lines); n > 0 && (*lines)[n-1] == "" {
			*lines = (*lines)[:n-1]
		}
	}
	head, tail := 0, 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	from, lead := max(0, head-patchContext), min(head, patchContext)
	trail := min(tail, patchContext)
	var out strings.Builder
	fmt.Fprintf(&out, "--- a/%s\n+++ b/%s\n@@ -%d,%d +%d,%d @@\n", file, file,
		from+1, lead+len(a)-head-tail+trail, from+1, lead+len(b)-head-tail+trail)
	write := func(mark string, lines []string) {
		for _, line := range lines {
			out.WriteString(mark + line)
			if !strings.HasSuffix(line, "\n") {
				out.WriteString("\n\\ No newline at end of file\n")
			}
		}
	}
	write(" ", a[from:head])
	write("-", a[head:len(a)-tail])
	write("+", b[head:len(b)-tail])
	write(" ", a[len(a)-tail:len(a)-tail+trail])
	return out.String()
}
