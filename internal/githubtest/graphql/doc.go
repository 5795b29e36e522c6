// Package graphql executes GraphQL queries against a schema the way GitHub
// does: connections with their limits, the cost of a query, partial data with
// typed errors. What the schema does not have, and what nobody has implemented,
// is reported as a problem and never answered with a silent null. It must know
// nothing of what it serves: the resolvers bring that.
package graphql
