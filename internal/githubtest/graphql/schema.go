package graphql

import (
	"fmt"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// Schema is a GraphQL schema and the queries that were validated against it.
// It is safe for concurrent use.
type Schema struct {
	ast *ast.Schema

	mu        sync.RWMutex
	documents map[string]document
}

// document is a query's text, parsed and validated.
type document struct {
	query *ast.QueryDocument
	errs  []*Error
}

// mostDocuments bounds the documents that a schema remembers.
const mostDocuments = 2000

// Load reads a schema in the schema definition language.
func Load(sdl string) (*Schema, error) {
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("load GraphQL schema: %w", err)
	}
	return &Schema{ast: s, documents: map[string]document{}}, nil
}

// document parses and validates a text, once.
func (s *Schema) document(text string) document {
	s.mu.RLock()
	d, ok := s.documents[text]
	s.mu.RUnlock()
	if ok {
		return d
	}
	q, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, 500_000)
	if err != nil {
		d.errs = []*Error{invalid(gqlerror.WrapIfUnwrapped(err))}
	} else {
		for _, e := range validator.ValidateWithRules(s.ast, q, nil) {
			d.errs = append(d.errs, invalid(e))
		}
		d.query = q
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.documents) >= mostDocuments {
		clear(s.documents)
	}
	s.documents[text] = d
	return d
}

// invalid is the error that a query which breaks the schema is answered with.
func invalid(e *gqlerror.Error) *Error {
	out := &Error{Message: e.Message}
	for _, l := range e.Locations {
		out.Locations = append(out.Locations, Location{l.Line, l.Column})
	}
	return out
}

// Check tells whether every type and field in t is in the schema.
func (s *Schema) Check(t Types) error {
	for name, fields := range t {
		def := s.ast.Types[name]
		if def == nil || def.Kind != ast.Object && def.Kind != ast.Interface {
			return fmt.Errorf("the schema has no object type or interface %s", name)
		}
		for field := range fields {
			if def.Fields.ForName(field) == nil {
				return fmt.Errorf("the schema has no field %s.%s", name, field)
			}
		}
	}
	return nil
}
