package graphql

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// Execute runs the operation with the resolvers of types. problem is told of
// what the resolvers lack or get wrong: a field without a resolver, a value
// that is not of its type, a null that the schema forbids.
func (o *Operation) Execute(types Types, env any, problem func(string)) Answer {
	x := &execution{o: o, types: types, env: env, problem: problem, buf: make([]byte, 0, 4096)}
	top := &selection{sets: []ast.SelectionSet{o.op.SelectionSet}}
	if !x.object(top, o.root, nil) {
		x.buf = append(x.buf[:0], "null"...)
	}
	return Answer{Data: x.buf, Errors: x.errs}
}

// execution writes the data as it goes along. What turns out to be null after
// all, because a field below it must not be, is cut off again.
type execution struct {
	o       *Operation
	types   Types
	env     any
	problem func(string)
	buf     []byte
	path    []any
	errs    []*Error
}

// selection is one response key of an object: the fields of the query that
// it merges, and what they select below.
type selection struct {
	key      string
	nodes    []*ast.Field
	sets     []ast.SelectionSet
	below    map[*ast.Definition][]*selection // by concrete type
	def      *ast.FieldDefinition
	args     Args
	resolver Resolver
	checked  bool // its arguments were all read
}

// fail notes an error at the place where the execution is.
func (x *execution) fail(sel *selection, err error) {
	e := &Error{}
	var typed *Error
	if errors.As(err, &typed) {
		*e = *typed
	} else {
		e.Message = err.Error()
	}
	e.Path = slices.Clone(x.path)
	if len(sel.nodes) > 0 && sel.nodes[0].Position != nil {
		p := sel.nodes[0].Position
		e.Locations = []Location{{p.Line, p.Column}}
	}
	x.errs = append(x.errs, e)
}

// broken notes a fault of the resolvers, which is a problem of its own.
func (x *execution) broken(sel *selection, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	x.problem(fmt.Sprintf("GraphQL %q: %s (at %v)", x.o.Name, text, x.path))
	x.fail(sel, &Error{Message: "Something went wrong while executing your query: " + text})
}

// object writes an object; false when it must be null.
func (x *execution) object(sel *selection, def *ast.Definition, self any) bool {
	x.buf = append(x.buf, '{')
	for i, f := range x.selections(sel, def) {
		if i > 0 {
			x.buf = append(x.buf, ',')
		}
		x.buf = append(quote(x.buf, f.key), ':')
		x.path = append(x.path, f.key)
		ok := x.field(f, def, self)
		x.path = x.path[:len(x.path)-1]
		if !ok {
			return false
		}
	}
	x.buf = append(x.buf, '}')
	return true
}

func (x *execution) field(f *selection, def *ast.Definition, self any) bool {
	if f.nodes[0].Name == "__typename" {
		x.buf = quote(x.buf, def.Name)
		return true
	}
	if p, ok := self.(*page); ok {
		if v, ok := p.field(f.nodes[0].Name); ok {
			return x.complete(f, f.def.Type, v)
		}
		self = p.conn.Value
	}
	if e, ok := self.(edge); ok {
		switch f.nodes[0].Name {
		case "cursor":
			return x.complete(f, f.def.Type, e.conn.cursor(e.at))
		case "node":
			return x.complete(f, f.def.Type, e.conn.At(e.at))
		}
		self = nil
		if e.conn.Edge != nil {
			self = e.conn.Edge(e.at)
		}
	}
	if f.resolver == nil {
		x.broken(f, "%s.%s is not implemented by the fake", def.Name, f.nodes[0].Name)
		return x.null(f, f.def.Type)
	}
	v := f.resolver(x.env, self, f.args)
	ok := x.complete(f, f.def.Type, v)
	if _, failed := v.(error); !f.checked && !failed && !isNil(v) {
		f.checked = true
		for _, name := range f.args.unread() {
			given, _, _ := strings.Cut(name, ".")
			if f.nodes[0].Arguments.ForName(given) != nil {
				x.broken(f, "argument %s of %s.%s is not implemented by the fake", name, def.Name, f.nodes[0].Name)
			}
		}
	}
	return ok
}

// complete writes a value of a type; false when the parent must be null.
func (x *execution) complete(f *selection, t *ast.Type, v any) bool {
	if err, ok := v.(error); ok && !isNil(v) {
		x.fail(f, err)
		return x.null(f, t)
	}
	if isNil(v) {
		if t.NonNull {
			x.broken(f, "null for %s %s", f.nodes[0].Name, t)
		}
		return x.null(f, t)
	}
	start := len(x.buf)
	if x.value(f, t, v) {
		return true
	}
	x.buf = x.buf[:start]
	return x.null(f, t)
}

// null writes null where the type allows it.
func (x *execution) null(_ *selection, t *ast.Type) bool {
	if t.NonNull {
		return false
	}
	x.buf = append(x.buf, "null"...)
	return true
}

func (x *execution) value(f *selection, t *ast.Type, v any) bool {
	if t.Elem != nil {
		return x.list(f, t.Elem, v)
	}
	def := x.o.schema.ast.Types[t.NamedType]
	switch def.Kind {
	case ast.Scalar, ast.Enum:
		buf, err := leaf(x.buf, def, v)
		if err != nil {
			x.broken(f, "%v", err)
			return false
		}
		x.buf = buf
		return true
	case ast.Interface, ast.Union:
		o, ok := v.(Object)
		if !ok {
			x.broken(f, "%T does not tell which %s it is", v, def.Name)
			return false
		}
		return x.typed(f, def, o)
	}
	if o, ok := v.(Object); ok {
		return x.typed(f, def, o)
	}
	if c, ok := v.(Connection); ok {
		if !isConnection(def) {
			x.broken(f, "%s is no connection", def.Name)
			return false
		}
		p, e := cut(f.nodes[0].Name, c, f.args, x.reads(f, def))
		if e != nil {
			x.fail(f, e)
			return false
		}
		return x.object(f, def, &p)
	}
	return x.object(f, def, v)
}

// typed writes an object that tells its type, where that type may stand.
func (x *execution) typed(f *selection, def *ast.Definition, o Object) bool {
	concrete := x.o.schema.ast.Types[o.Type]
	if concrete == nil || !x.o.schema.applies(def.Name, concrete) {
		x.broken(f, "%s is no %s", o.Type, def.Name)
		return false
	}
	return x.object(f, concrete, o.Value)
}

// reads tells whether a connection's items are asked for, or where they end;
// its count alone may be had without first or last.
func (x *execution) reads(f *selection, def *ast.Definition) bool {
	for _, s := range x.selections(f, def) {
		switch s.nodes[0].Name {
		case "nodes", "edges", "pageInfo":
			return true
		}
	}
	return false
}

func (x *execution) list(f *selection, t *ast.Type, v any) bool {
	var n int
	var at func(int) any
	if l, ok := v.(lazy); ok {
		n, at = l.n, l.at
	} else {
		rv := reflect.ValueOf(v)
		if rv.Kind() != reflect.Slice {
			x.broken(f, "%T is no list", v)
			return false
		}
		n, at = rv.Len(), func(i int) any { return rv.Index(i).Interface() }
	}
	x.buf = append(x.buf, '[')
	for i := range n {
		if i > 0 {
			x.buf = append(x.buf, ',')
		}
		x.path = append(x.path, i)
		ok := x.complete(f, t, at(i))
		x.path = x.path[:len(x.path)-1]
		if !ok {
			return false
		}
	}
	x.buf = append(x.buf, ']')
	return true
}

// lazy is a list whose items are made when they are written.
type lazy struct {
	n  int
	at func(int) any
}

// selections merges what is selected of an object of a type, in the order of
// its first mention.
func (x *execution) selections(sel *selection, def *ast.Definition) []*selection {
	if out, ok := sel.below[def]; ok {
		return out
	}
	var out []*selection
	byKey := map[string]*selection{}
	var collect func(set ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.InlineFragment:
				if x.o.included(s.Directives) && (s.TypeCondition == "" || x.o.schema.applies(s.TypeCondition, def)) {
					collect(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				if x.o.included(s.Directives) && x.o.schema.applies(s.Definition.TypeCondition, def) {
					collect(s.Definition.SelectionSet)
				}
			case *ast.Field:
				if !x.o.included(s.Directives) {
					continue
				}
				f := byKey[s.Alias]
				if f == nil {
					f = x.selection(s, def)
					byKey[s.Alias] = f
					out = append(out, f)
				}
				f.nodes = append(f.nodes, s)
				f.sets = append(f.sets, s.SelectionSet)
			}
		}
	}
	for _, set := range sel.sets {
		collect(set)
	}
	if sel.below == nil {
		sel.below = map[*ast.Definition][]*selection{}
	}
	sel.below[def] = out
	return out
}

// selection looks up a field of a concrete type and its resolver.
func (x *execution) selection(n *ast.Field, def *ast.Definition) *selection {
	f := &selection{key: n.Alias, def: def.Fields.ForName(n.Name)}
	if f.def == nil { // __typename, or introspection
		f.def = n.Definition
	}
	f.args = newArgs(n.ArgumentMap(x.o.vars))
	f.resolver = x.types[def.Name][n.Name]
	for _, i := range def.Interfaces {
		if f.resolver != nil {
			break
		}
		f.resolver = x.types[i][n.Name]
	}
	if f.resolver == nil && def.Name == "PageInfo" {
		f.resolver = pageInfoFields[n.Name]
	}
	return f
}

// applies tells whether an object type is, implements or belongs to the type
// of that name.
func (s *Schema) applies(name string, def *ast.Definition) bool {
	if name == def.Name {
		return true
	}
	return slices.Contains(s.ast.PossibleTypes[name], def)
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	if t, ok := v.(time.Time); ok {
		return t.IsZero()
	}
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Interface:
		return rv.IsNil()
	}
	return false
}
