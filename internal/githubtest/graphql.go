package githubtest

import (
	"sync"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
	contract "github.com/rolecall/rolecall/testdata/github"
)

// graphQLRequest is the body of a call to the GraphQL endpoint.
type graphQLRequest struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// graphQLSchema is GitHub's own, read once for a process.
var graphQLSchema = sync.OnceValues(func() (*graphql.Schema, error) {
	s, err := graphql.Load(contract.GraphQL)
	if err != nil {
		return nil, err
	}
	return s, s.Check(graphQLTypes)
})

// graphQLTypes are the resolvers of all that the fake knows of GitHub's schema.
var graphQLTypes = mergeTypes(queryTypes, accountTypes, repositoryTypes, objectTypes, pullTypes, timelineTypes, checkTypes, queueTypes)

func mergeTypes(all ...graphql.Types) graphql.Types {
	out := graphql.Types{}
	for _, types := range all {
		for name, fields := range types {
			if out[name] != nil {
				panic("githubtest: two places resolve " + name)
			}
			out[name] = fields
		}
	}
	return out
}

// answerGraphQL executes a query for a caller. The lock is held.
func (s *Server) answerGraphQL(c *caller, r graphQLRequest) graphql.Answer {
	schema, err := graphQLSchema()
	if err != nil {
		s.misuse("%v", err)
	}
	op, invalid, errs := schema.Prepare(r.Query, r.OperationName, r.Variables)
	if errs != nil {
		if invalid {
			s.problem("an invalid GraphQL query: %v, in %s", errs[0], r.Query)
		}
		return graphql.Answer{Errors: errs}
	}
	s.limits.charge(c.name(), "graphql", op.Cost-1) // the call itself is counted already
	q := &query{s: s, c: c, op: op}
	return op.Execute(graphQLTypes, q, func(text string) { s.problem("%s", text) })
}

// query is what resolvers know of the query that they resolve for.
type query struct {
	s  *Server
	c  *caller
	op *graphql.Operation
}

// on makes a resolver of a func over the value that the object was resolved
// to.
func on[T any](f func(q *query, v T, a graphql.Args) any) graphql.Resolver {
	return func(env, self any, a graphql.Args) any { return f(env.(*query), self.(T), a) }
}

// of is on for what needs no arguments.
func of[T any](f func(q *query, v T) any) graphql.Resolver {
	return func(env, self any, _ graphql.Args) any { return f(env.(*query), self.(T)) }
}

// notFoundError is how GraphQL answers for what is not there, or not to be
// seen.
func notFoundError(message string) error {
	return &graphql.Error{Type: "NOT_FOUND", Message: message}
}

// forbiddenError is how GraphQL answers an installation that was not granted
// what a field needs.
func forbiddenError() error {
	return &graphql.Error{Type: "FORBIDDEN", Message: "Resource not accessible by integration", Extensions: map[string]any{"saml_failure": false}}
}

// allow tells whether the caller may read what needs a permission in a
// repository that it sees. What is public needs none where the installation
// does not reach.
func (q *query) allow(r *Repo, permission string) error {
	if q.c.installation == nil || !q.c.covers(r) || q.c.may(permission, "read") {
		return nil
	}
	return forbiddenError()
}

// guarded is a resolver's value where the permission is granted.
func (q *query) guarded(r *Repo, permission string, value func() any) any {
	if err := q.allow(r, permission); err != nil {
		return err
	}
	return value()
}

// optional is null for "".
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}
