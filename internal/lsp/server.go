package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/policy"
)

// ErrNoShutdown is what Serve returns where the editor left without saying
// that it would.
var ErrNoShutdown = errors.New("the editor went away without a shutdown request")

// Serve speaks the Language Server Protocol over in and out until the editor
// ends it. The version is shown to the editor.
func Serve(ctx context.Context, in io.Reader, out io.Writer, version string) error {
	s := &server{schema: policy.NewSchema(), documents: map[string]*document{}, version: version, exit: make(chan struct{})}
	conn := jsonrpc2.NewConn(ctx, jsonrpc2.NewBufferedStream(pipe{in, out}, jsonrpc2.VSCodeObjectCodec{}), jsonrpc2.HandlerWithError(s.handle).SuppressErrClosed())
	defer conn.Close()
	select {
	case <-ctx.Done():
		return nil
	case <-s.exit:
	case <-conn.DisconnectNotify():
	}
	if !s.down {
		return ErrNoShutdown
	}
	return nil
}

// pipe is one stream of two.
type pipe struct {
	io.Reader
	io.Writer
}

func (p pipe) Close() error {
	if c, ok := p.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// server is one editor's session. Requests are handled one after the other.
type server struct {
	schema    policy.Schema
	documents map[string]*document
	version   string
	snippets  bool // the editor fills in places in what it inserts
	down      bool // shutdown was asked for
	exit      chan struct{}
}

// maxDocument bounds what an editor can make the server look at.
const maxDocument = 1 << 20

// handle answers one request. A mistake in here costs the answer, not the
// session.
func (s *server) handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: fmt.Sprintf("%s: %v", r.Method, p)}
		}
	}()
	switch r.Method {
	case "initialize":
		return with(r, func(p initializeParams) (any, error) { return s.initialize(p), nil })
	case "shutdown":
		s.down = true
		return nil, nil
	case "exit":
		close(s.exit)
		return nil, nil
	case "textDocument/didOpen":
		return with(r, func(p didOpenParams) (any, error) {
			return nil, s.show(ctx, conn, newDocument(p.TextDocument.URI, p.TextDocument.Version, bounded(p.TextDocument.Text)))
		})
	case "textDocument/didChange":
		return with(r, func(p didChangeParams) (any, error) {
			if len(p.ContentChanges) == 0 {
				return nil, nil
			}
			text := p.ContentChanges[len(p.ContentChanges)-1].Text
			return nil, s.show(ctx, conn, newDocument(p.TextDocument.URI, p.TextDocument.Version, bounded(text)))
		})
	case "textDocument/didClose":
		return with(r, func(p documentParams) (any, error) {
			delete(s.documents, p.TextDocument.URI)
			return nil, conn.Notify(ctx, "textDocument/publishDiagnostics", publishDiagnosticsParams{URI: p.TextDocument.URI, Diagnostics: []diagnostic{}})
		})
	case "textDocument/completion":
		return at(s, r, func(d *document, offset int) (any, error) {
			items := s.complete(d, offset)
			if items == nil {
				items = []completionItem{}
			}
			return items, nil
		})
	case "textDocument/hover":
		return at(s, r, func(d *document, offset int) (any, error) {
			doc, from, to := s.hover(d, offset)
			if doc == "" {
				return nil, nil
			}
			return hover{*markdown(doc), d.span(from, to)}, nil
		})
	case "textDocument/definition":
		return at(s, r, func(d *document, offset int) (any, error) {
			from, to, ok := s.define(d, offset)
			if !ok {
				return nil, nil
			}
			return location{d.uri, d.span(from, to)}, nil
		})
	case "textDocument/documentSymbol":
		return in(s, r, func(d *document) (any, error) { return d.symbols(), nil })
	case "textDocument/formatting":
		return in(s, r, func(d *document) (any, error) { return d.formatted(), nil })
	}
	if r.Notif || strings.HasPrefix(r.Method, "$/") {
		return nil, nil
	}
	return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: "rolecall does not know " + r.Method}
}

func bounded(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxDocument)], "\uFFFD")
}

// with decodes a request's parameters.
func with[T any](r *jsonrpc2.Request, do func(T) (any, error)) (any, error) {
	var p T
	if r.Params == nil {
		return do(p)
	}
	if err := json.Unmarshal(*r.Params, &p); err != nil {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: err.Error()}
	}
	return do(p)
}

// in answers a request about a document; nothing about one that is not open.
func in(s *server, r *jsonrpc2.Request, do func(*document) (any, error)) (any, error) {
	return with(r, func(p documentParams) (any, error) {
		if d := s.documents[p.TextDocument.URI]; d != nil {
			return do(d)
		}
		return nil, nil
	})
}

// at answers a request about a place in a document.
func at(s *server, r *jsonrpc2.Request, do func(*document, int) (any, error)) (any, error) {
	return with(r, func(p positionParams) (any, error) {
		if d := s.documents[p.TextDocument.URI]; d != nil {
			return do(d, d.offset(p.Position))
		}
		return nil, nil
	})
}

func (s *server) initialize(p initializeParams) initializeResult {
	s.snippets = p.Capabilities.TextDocument.Completion.CompletionItem.SnippetSupport
	return initializeResult{
		Capabilities: capabilities{
			TextDocumentSync:   syncOptions{OpenClose: true, Change: 1},
			CompletionProvider: completionOptions{TriggerCharacters: []string{".", "\"", "[", "("}},
			HoverProvider:      true, DefinitionProvider: true, DocumentSymbolProvider: true, DocumentFormattingProvider: true,
		},
		ServerInfo: serverInfo{"rolecall", s.version},
	}
}

// show keeps a document and tells the editor what is wrong with it, and with
// the tests of it that are open.
func (s *server) show(ctx context.Context, conn *jsonrpc2.Conn, d *document) error {
	s.documents[d.uri] = d
	shown := []*document{d}
	for _, uri := range slices.Sorted(maps.Keys(s.documents)) {
		if other := s.documents[uri]; other.tests() && s.tested(other) == d {
			shown = append(shown, other)
		}
	}
	for _, d := range shown {
		err := conn.Notify(ctx, "textDocument/publishDiagnostics", publishDiagnosticsParams{URI: d.uri, Version: d.version, Diagnostics: s.check(d)})
		if err != nil {
			return err
		}
	}
	return nil
}

// tests reports whether the document holds tests of a policy.
func (d *document) tests() bool { return strings.HasSuffix(d.uri, policy.TestSuffix) }

// tested returns the open policy that a file of tests is about, by its name;
// nil where it is not open.
func (s *server) tested(d *document) *document {
	if p := s.documents[strings.TrimSuffix(d.uri, policy.TestSuffix)+".hcl"]; p != nil {
		return p
	}
	return s.documents[d.uri[:strings.LastIndexByte(d.uri, '/')+1]+path.Base(policy.RepoPath)]
}

// name is the file's name, and dir the one of its directory.
func (d *document) name() (name, dir string) {
	u, err := url.Parse(d.uri)
	if err != nil {
		return d.uri, ""
	}
	return path.Base(u.Path), path.Base(path.Dir(u.Path))
}

// check is what the policy language says of a document, as on GitHub.
func (s *server) check(d *document) []diagnostic {
	out := []diagnostic{}
	for _, f := range s.load(d) {
		item := diagnostic{Severity: 1, Source: "rolecall", Message: f.Summary}
		if f.Severity == policy.SeverityWarning {
			item.Severity = 2
		}
		if f.Detail != "" {
			item.Message += ": " + f.Detail
		}
		if f.Line > 0 {
			item.Range = d.span(d.column(f.Line, f.Column), d.column(f.EndLine, f.EndColumn))
		}
		out = append(out, item)
	}
	return out
}

func (s *server) load(d *document) []policy.Diagnostic {
	if !d.tests() {
		_, diags := d.policy()
		return diags
	}
	if of := s.tested(d); of != nil {
		if p, _ := of.policy(); p != nil {
			_, diags := policytest.Load(d.source(), p)
			return diags
		}
	}
	_, diags := policy.Parse(d.source(), true) // names need the policy
	return diags
}

func (d *document) source() *policy.Source {
	name, _ := d.name()
	return &policy.Source{Name: name, Bytes: []byte(d.text)}
}

func (d *document) policy() (*policy.Policy, []policy.Diagnostic) {
	if name, dir := d.name(); name == path.Base(policy.FloorPath) && dir != path.Dir(policy.RepoPath) {
		return policy.Load(d.source(), nil)
	}
	return policy.Load(nil, d.source())
}

// formatted is the edit that brings the document into canonical layout; none
// where it does not parse.
func (d *document) formatted() []textEdit {
	text, diags := policy.Format(d.source())
	if policy.HasErrors(diags) || string(text) == d.text {
		return []textEdit{}
	}
	return []textEdit{{d.span(0, len(d.text)), string(text)}}
}
