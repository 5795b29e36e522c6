package graphql

import (
	"encoding/json"
	"errors"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// Operation is a valid query with its variables, ready to be executed.
type Operation struct {
	Name string
	// Nodes is how many nodes the query may return at most and Cost what
	// GitHub counts it as against the rate limit.
	Nodes, Cost int

	schema *Schema
	op     *ast.OperationDefinition
	root   *ast.Definition
	vars   map[string]any
}

// Answer is the answer to a query.
type Answer struct {
	Data   json.RawMessage `json:"data,omitempty"` // left out where nothing was executed
	Errors []*Error        `json:"errors,omitempty"`
}

// Prepare validates a query against the schema, chooses its operation by name
// ("" where there is one only), coerces the variables and counts the nodes.
// invalid tells that the query breaks the schema; the answer is then, as for a
// query that may return too many nodes, one with errors alone.
func (s *Schema) Prepare(text, name string, variables map[string]any) (op *Operation, invalid bool, errs []*Error) {
	d := s.document(text)
	if len(d.errs) > 0 {
		return nil, true, d.errs
	}
	if name == "" && len(d.query.Operations) > 1 {
		return nil, true, []*Error{{Message: "An operation name is required"}}
	}
	def := d.query.Operations.ForName(name)
	if def == nil {
		return nil, true, []*Error{{Message: "No operation named \"" + name + "\""}}
	}
	vars, err := validator.VariableValues(s.ast, def, variables)
	if err != nil {
		var e *gqlerror.Error
		errors.As(err, &e)
		return nil, true, []*Error{{Message: e.Error()}}
	}
	op = &Operation{Name: def.Name, schema: s, op: def, vars: vars}
	switch def.Operation {
	case ast.Mutation:
		op.root = s.ast.Mutation
	case ast.Subscription:
		op.root = s.ast.Subscription
	default:
		op.root = s.ast.Query
	}
	if e := op.count(); e != nil {
		return nil, false, []*Error{e}
	}
	return op, false, nil
}
