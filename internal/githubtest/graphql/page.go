package graphql

import "fmt"

// page is the part of a connection that its arguments ask for.
type page struct {
	conn     Connection
	from, to int
}

// cut finds the page, or the error that GitHub answers with. It does so when
// the field is resolved, not when the query is validated, so that the rest of
// the query is answered.
// https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#node-limit
func cut(field string, c Connection, a Args, needed bool) (page, *Error) {
	first, hasFirst := a.Int("first")
	last, hasLast := a.Int("last")
	switch {
	case !hasFirst && !hasLast && needed:
		return page{}, &Error{Type: "MISSING_PAGINATION_BOUNDARIES", Message: fmt.Sprintf(
			"You must provide a `first` or `last` value to properly paginate the `%s` connection.", field)}
	case hasFirst && hasLast:
		return page{}, &Error{Type: "INVALID_PAGINATION_BOUNDARIES", Message: fmt.Sprintf(
			"Passing both `first` and `last` values to paginate the `%s` connection is not supported.", field)}
	}
	for name, n := range map[string]int{"first": first, "last": last} {
		if n < 0 {
			return page{}, &Error{Type: "INVALID_PAGINATION_BOUNDARIES", Message: fmt.Sprintf(
				"`%s` on the `%s` connection cannot be less than zero.", name, field)}
		}
		if n > 100 {
			return page{}, &Error{Type: "EXCESSIVE_PAGINATION", Message: fmt.Sprintf(
				"Requesting %d records on the `%s` connection exceeds the `%s` limit of 100 records.", n, field, name)}
		}
	}
	p := page{conn: c, to: c.Len}
	for _, name := range []string{"after", "before"} {
		text := a.String(name)
		if text == "" {
			continue
		}
		before, through, ok := c.around(text)
		if !ok {
			return page{}, &Error{Type: "INVALID_CURSOR_ARGUMENTS", Message: fmt.Sprintf(
				"`%s` does not appear to be a valid cursor.", text)}
		}
		if name == "after" {
			p.from = through
		} else {
			p.to = before
		}
	}
	p.to = max(p.from, p.to)
	switch {
	case hasFirst:
		p.to = min(p.to, p.from+first)
	case hasLast:
		p.from = max(p.from, p.to-last)
	}
	return p, nil
}

// edge is an item of a connection with its cursor.
type edge struct {
	conn *Connection
	at   int
}

// field resolves what every connection has.
func (p *page) field(name string) (any, bool) {
	switch name {
	case "nodes":
		return lazy{p.to - p.from, func(i int) any { return p.conn.At(p.from + i) }}, true
	case "edges":
		return lazy{p.to - p.from, func(i int) any { return edge{&p.conn, p.from + i} }}, true
	case "totalCount":
		return p.conn.Len, true
	case "pageInfo":
		return pageInfo(*p), true
	}
	return nil, false
}

// pageInfo tells where a page ends.
type pageInfo page

var pageInfoFields = map[string]Resolver{
	"hasNextPage":     func(_, self any, _ Args) any { p := self.(pageInfo); return p.to < p.conn.Len },
	"hasPreviousPage": func(_, self any, _ Args) any { return self.(pageInfo).from > 0 },
	"startCursor": func(_, self any, _ Args) any {
		if p := self.(pageInfo); p.from < p.to {
			return p.conn.cursor(p.from)
		}
		return nil
	},
	"endCursor": func(_, self any, _ Args) any {
		if p := self.(pageInfo); p.from < p.to {
			return p.conn.cursor(p.to - 1)
		}
		return nil
	},
}
