package graphql

import (
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// mostNodes is what one query may ask for at most.
// https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
const mostNodes = 500_000

// count sums up the nodes that the query may return, connection by
// connection, and the requests that GitHub would need for them, by hundreds,
// which is the query's cost.
func (o *Operation) count() *Error {
	c := counter{o: o}
	c.walk(o.op.SelectionSet, 1)
	o.Nodes, o.Cost = c.nodes, max(1, (c.requests+50)/100)
	if c.nodes > mostNodes {
		return &Error{Type: "MAX_NODE_LIMIT_EXCEEDED", Message: message.NewPrinter(language.English).Sprintf(
			"This query requests up to %d possible nodes which exceeds the maximum limit of %d.", c.nodes, mostNodes)}
	}
	return nil
}

type counter struct {
	o               *Operation
	nodes, requests int
}

func (c *counter) walk(set ast.SelectionSet, times int) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.InlineFragment:
			if c.o.included(sel.Directives) {
				c.walk(sel.SelectionSet, times)
			}
		case *ast.FragmentSpread:
			if c.o.included(sel.Directives) {
				c.walk(sel.Definition.SelectionSet, times)
			}
		case *ast.Field:
			if !c.o.included(sel.Directives) || sel.Definition == nil {
				continue
			}
			below := times
			if c.o.schema.isConnection(sel.Definition.Type) {
				if n := pageSize(newArgs(sel.ArgumentMap(c.o.vars))); n > 0 {
					c.requests = min(c.requests+times, 1e9)
					below = min(times*n, 1e9)
					c.nodes = min(c.nodes+below, 1e9)
				}
			}
			c.walk(sel.SelectionSet, below)
		}
	}
}

// included evaluates @include and @skip.
func (o *Operation) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		if d.Name != "include" && d.Name != "skip" {
			continue
		}
		yes, _ := d.ArgumentMap(o.vars)["if"].(bool)
		if yes != (d.Name == "include") {
			return false
		}
	}
	return true
}

func pageSize(a Args) int {
	for _, name := range []string{"first", "last"} {
		if n, ok := a.Int(name); ok {
			return n
		}
	}
	return 0
}

// isConnection tells whether a type is a connection: an object whose pages
// tell where they end.
func (s *Schema) isConnection(t *ast.Type) bool {
	def := s.ast.Types[t.NamedType]
	return def != nil && def.Kind == ast.Object && isConnection(def)
}

func isConnection(def *ast.Definition) bool {
	return def.Fields.ForName("pageInfo") != nil && def.Fields.ForName("edges") != nil
}
