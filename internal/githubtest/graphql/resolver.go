package graphql

import "slices"

// Types holds the resolvers by the name of their object type or interface and
// then of their field. A field that an object type does not resolve by itself
// is looked up in the interfaces that the type implements, in their order.
type Types map[string]map[string]Resolver

// Resolver gives a field's value. env is what the query was executed with and
// self what the object was resolved to. The value is
//
//   - nil, a nil pointer or a zero time.Time for null,
//   - an error for null with an error, of type [*Error] where GitHub gives the
//     error a type,
//   - for a scalar a string, bool, number or time.Time that the schema's type
//     takes,
//   - for a list a slice,
//   - for a connection a [Connection],
//   - for an object type anything: it is the self of the object's fields,
//   - for an interface or union an [Object].
type Resolver func(env, self any, a Args) any

// Object is a value whose type the schema alone does not tell.
type Object struct {
	Type  string // of the object in the schema
	Value any    // self of its fields
}

// Connection is a list that is read in pages, by the arguments first, last,
// after and before. Fields of its own, such as GitHub's filteredCount, are
// resolved with Value as self.
type Connection struct {
	Len   int
	At    func(i int) any // node
	Value any
	// Edge is the self of the edge's own fields, where there are any.
	Edge func(i int) any
	// Key, which must rise with i, is what cursors hold: a page then goes on
	// at its place though items before it came or went, as on GitHub for
	// what has an ID. Without it cursors count, as GitHub's do for commits.
	Key func(i int) int64
}

// Of is the connection over a slice.
func Of[T any](items []T, node func(T) any) Connection {
	return Connection{Len: len(items), At: func(i int) any { return node(items[i]) }}
}

// Keyed is the connection over a slice whose items have rising IDs.
func Keyed[T any](items []T, id func(T) int64, node func(T) any) Connection {
	c := Of(items, node)
	c.Key = func(i int) int64 { return id(items[i]) }
	return c
}

// Args are a field's arguments, with the schema's defaults filled in. An
// argument that a query gives and a resolver does not read is a problem.
type Args struct {
	values map[string]any
	read   map[string]*Args // what was read; its own fields for an input object
}

func newArgs(values map[string]any) Args { return Args{values, map[string]*Args{}} }

func (a Args) get(name string) any {
	if _, ok := a.read[name]; !ok {
		a.read[name] = nil
	}
	return a.values[name]
}

// unread lists what was given, other than null, and not read.
func (a Args) unread() []string {
	var out []string
	for name, v := range a.values {
		below, ok := a.read[name]
		switch {
		case v == nil:
		case !ok:
			out = append(out, name)
		case below != nil:
			for _, field := range below.unread() {
				out = append(out, name+"."+field)
			}
		}
	}
	slices.Sort(out)
	return out
}

// String is a string, ID or enum argument; "" where it is null or left out.
func (a Args) String(name string) string {
	s, _ := a.get(name).(string)
	return s
}

// Int is a number argument, and whether it was given.
func (a Args) Int(name string) (int, bool) { return integer(a.get(name)) }

// Bool is a Boolean argument; false where it is null or left out.
func (a Args) Bool(name string) bool {
	b, _ := a.get(name).(bool)
	return b
}

// Strings is a list of strings, IDs or enum values, and whether it was given.
// A single value is taken for a list of it, as GraphQL has it.
func (a Args) Strings(name string) ([]string, bool) {
	switch v := a.get(name).(type) {
	case []any:
		out := make([]string, 0, len(v))
		for _, e := range v {
			s, _ := e.(string)
			out = append(out, s)
		}
		return out, true
	case []string:
		return v, true
	case string:
		return []string{v}, true
	}
	return nil, false
}

// Input is an input object's fields; without any where it is null or left out.
// Its own unread fields are a problem of the argument.
func (a Args) Input(name string) Args {
	m, _ := a.get(name).(map[string]any)
	in := newArgs(m)
	a.read[name] = &in
	return in
}

// Error is one entry of an answer's errors.
type Error struct {
	Type       string         `json:"type,omitempty"` // "NOT_FOUND", "FORBIDDEN", …
	Path       []any          `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
	Locations  []Location     `json:"locations,omitempty"`
	Message    string         `json:"message"`
}

// Location is a place in a query's text, counted from 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

func (e *Error) Error() string { return e.Message }
