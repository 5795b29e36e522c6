package githubtest

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// gfm renders Markdown as GitHub does; raw HTML is left out, and images are
// their words: GitHub fetches them by itself, and a page here calls nobody.
var gfm = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(
	renderer.WithNodeRenderers(util.Prioritized(imageWords{}, 100))))

type imageWords struct{}

// RegisterFuncs implements [renderer.NodeRenderer].
func (imageWords) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindImage, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
		return ast.WalkContinue, nil
	})
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"markdown": func(text string) template.HTML {
		var b bytes.Buffer
		if err := gfm.Convert([]byte(text), &b); err != nil {
			return template.HTML(template.HTMLEscapeString(text)) //nolint:gosec // it is escaped
		}
		return template.HTML(b.String()) //nolint:gosec // goldmark leaves raw HTML out
	},
	"short": func(sha string) string { return sha[:min(7, len(sha))] },
}).Parse(pageText))

// pages are for people who look at a fake that runs by itself: what there is,
// and a pull request with its checks, where anybody may be played.
func (s *Server) pages() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.indexPage)
	mux.HandleFunc("GET /{owner}/{repo}/pull/{number}", s.pullPage)
	mux.Handle("POST /{owner}/{repo}/pull/{number}", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.play)))
	return mux
}

// pageView is what the template shows.
type pageView struct {
	Pulls []*Pull // of the index
	Pull  *Pull   // nil on the index
	// The rest is of a pull request.
	State, Base, Head  string
	Requested          []string
	Labels, Assignees  []string
	Checks             []Check
	Reviews            []reviewView
	Comments           []*Comment
	People             []string
	Mergeable          bool
	Blocked, Complaint string
}

type reviewView struct{ Author, State, Commit string }

func (s *Server) indexPage(w http.ResponseWriter, _ *http.Request) {
	var v pageView
	unlock := s.lock()
	for _, r := range s.repoOrder {
		for _, n := range slices.Sorted(maps.Keys(r.issues)) {
			if p := r.issues[n]; p.isPull {
				v.Pulls = append(v.Pulls, p)
			}
		}
	}
	unlock()
	render(w, http.StatusOK, v)
}

func (s *Server) pageOf(r *http.Request) *Pull {
	defer s.lock()()
	repo := s.repos[strings.ToLower(r.PathValue("owner")+"/"+r.PathValue("repo"))]
	n, err := strconv.Atoi(r.PathValue("number"))
	if repo == nil || err != nil || repo.issues[n] == nil || !repo.issues[n].isPull {
		return nil
	}
	return repo.issues[n]
}

func (s *Server) pullPage(w http.ResponseWriter, r *http.Request) {
	p := s.pageOf(r)
	if p == nil {
		http.NotFound(w, r)
		return
	}
	render(w, http.StatusOK, s.view(p))
}

func (s *Server) view(p *Pull) pageView {
	v := pageView{
		Pull: p, State: p.State(), Base: p.BaseBranch(), Head: p.Head(), Requested: p.Requested(),
		Labels: p.Labels(), Assignees: p.Assignees(), Checks: p.Checks(), Comments: p.Comments(),
	}
	v.Mergeable, v.Blocked = p.Mergeable()
	defer s.lock()()
	for _, r := range p.reviews {
		v.Reviews = append(v.Reviews, reviewView{r.author.login, strings.ToLower(strings.ReplaceAll(r.state, "_", " ")), r.commit})
	}
	for _, key := range slices.Sorted(maps.Keys(s.users)) {
		if u := s.users[key]; u.kind == "User" {
			v.People = append(v.People, u.login)
		}
	}
	return v
}

// play does on a pull request what a person would.
func (s *Server) play(w http.ResponseWriter, r *http.Request) {
	p := s.pageOf(r)
	if p == nil {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if why := p.act(r.FormValue("as"), r.FormValue("do"), r.FormValue("text")); why != "" {
		v := s.view(p)
		v.Complaint = why
		render(w, http.StatusUnprocessableEntity, v)
		return
	}
	http.Redirect(w, r, p.URL(), http.StatusSeeOther)
}

// act is one thing that a person does; it returns why GitHub would not have
// it, "" where it is done.
func (p *Pull) act(login, do, text string) (why string) {
	defer func() { // what the fake refuses is a mistake of the visitor's here
		if v := recover(); v != nil {
			why = strings.TrimPrefix(fmt.Sprint(v), "githubtest: ")
		}
	}()
	if login == "" {
		return "choose who does it"
	}
	switch verb, what, _ := strings.Cut(do, " "); verb {
	case "approve", "request_changes":
		p.Review(login, verb, text)
	case "comment":
		if strings.TrimSpace(text) == "" {
			return "a comment needs a text"
		}
		p.Comment(login, text)
	case "label":
		if strings.TrimSpace(text) == "" {
			return "a label needs a name"
		}
		p.Label(login, text)
	case "press": // CHECK IDENTIFIER
		i := strings.LastIndexByte(what, ' ')
		p.ClickAction(login, what[:max(i, 0)], what[i+1:])
	case "auto_merge":
		if err := p.EnableAutoMerge(login); err != nil {
			return err.Error()
		}
	case "merge":
		if err := p.Merge(login); err != nil {
			return err.Error()
		}
	default:
		return fmt.Sprintf("nobody can %q", do)
	}
	return ""
}

func render(w http.ResponseWriter, status int, v pageView) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // whoever went away needs no answer
}
