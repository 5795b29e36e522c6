package graphql_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

const zoo = `
schema { query: Query mutation: Mutation }
scalar DateTime
scalar BigInt
scalar URI
scalar GitObjectID
scalar Odd
enum Size { SMALL LARGE }
interface Animal { name: String! }
type Cat implements Animal { name: String! lives: Int! owner: Person }
type Dog implements Animal { name: String! size: Size! bad: Size }
union Pet = Cat | Dog
type Person { name: String! friends(first: Int, last: Int, after: String, before: String, like: Filter): PersonConnection! strict: Person! }
input Filter { prefix: String = "" deep: Int }
type PersonConnection { edges: [PersonEdge] nodes: [Person] pageInfo: PageInfo! totalCount: Int! extra: Int! }
type PersonEdge { cursor: String! node: Person since: Int! }
type PageInfo { startCursor: String endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! }
type Query {
  greet(name: String! = "you", times: Int, size: Size, sizes: [Size!]): String!
  pet(cat: Boolean = true): Pet
  animals: [Animal!]
  maybe: [Animal]
  wrong: Animal
  me: Person
  nothing: Person
  broken: Person
  time: DateTime never: DateTime big: BigInt uri: URI badUri: URI oid: GitObjectID badOid: GitObjectID odd: Odd huge: Int float: Float
  unimplemented: String
}
type Mutation { rename(name: String!): Person }
`

// person is the self of Person; friends have names p0, p1, ….
type person struct {
	name    string
	friends int
}

func friend(i int) any { return &person{name: fmt.Sprintf("p%d", i)} }

func value(v any) graphql.Resolver { return func(_, _ any, _ graphql.Args) any { return v } }

type animal struct{ name string }

var (
	tom = graphql.Object{Type: "Cat", Value: animal{"Tom"}}
	rex = graphql.Object{Type: "Dog", Value: animal{"Rex"}}
)

var types = graphql.Types{
	"Query": {
		"greet": func(_, _ any, a graphql.Args) any {
			n, _ := a.Int("times")
			sizes, _ := a.Strings("sizes")
			return fmt.Sprintf("hello %s %d %s %v", a.String("name"), n, a.String("size"), sizes)
		},
		"pet": func(_, _ any, a graphql.Args) any {
			if a.Bool("cat") {
				return tom
			}
			return rex
		},
		"animals": value([]any{tom, rex}),
		"maybe":   value([]any{tom, errors.New("ran away"), nil}),
		"wrong":   value(graphql.Object{Type: "Person", Value: &person{}}),
		"me":      value(&person{"me", 250}),
		"nothing": value((*person)(nil)),
		"broken":  value(&graphql.Error{Type: "FORBIDDEN", Message: "no"}),
		"time":    value(time.Date(2024, 5, 6, 7, 8, 9, 10, time.FixedZone("", 3600))),
		"never":   value(time.Time{}),
		"big":     value(int64(1) << 40),
		"uri":     value("https://example.test/a"),
		"badUri":  value(""),
		"oid":     value(strings.Repeat("0a", 20)),
		"badOid":  value("main"),
		"odd":     value("x"),
		"huge":    value(int64(1) << 40),
		"float":   value(0.5),
	},
	"Animal": {"name": func(_, self any, _ graphql.Args) any { return self.(animal).name }},
	"Cat":    {"lives": value(9), "owner": value(&person{"Ann", 0})},
	"Dog":    {"size": value("LARGE"), "bad": value("HUGE")},
	"Person": {
		"name": func(_, self any, _ graphql.Args) any { return self.(*person).name },
		"friends": func(_, self any, a graphql.Args) any {
			a.Input("like").String("prefix")
			return graphql.Connection{Len: self.(*person).friends, At: friend, Value: 7, Edge: func(i int) any { return 2000 + i }}
		},
		"strict": value(errors.New("gone")),
	},
	"PersonConnection": {"extra": func(_, self any, _ graphql.Args) any { return self }},
	"PersonEdge":       {"since": func(_, self any, _ graphql.Args) any { return self }},
	"Mutation":         {"rename": func(_, _ any, a graphql.Args) any { return &person{name: a.String("name")} }},
}

// run answers a query with the answer's JSON and the problems.
func run(t *testing.T, s *graphql.Schema, query string, variables string) (string, []string) {
	t.Helper()
	vars := map[string]any{}
	if variables != "" {
		if err := json.Unmarshal([]byte(variables), &vars); err != nil {
			t.Fatal(err)
		}
	}
	op, invalid, errs := s.Prepare(query, "", vars)
	if errs != nil {
		data, _ := json.Marshal(graphql.Answer{Errors: errs})
		if invalid {
			return string(data), []string{"invalid"}
		}
		return string(data), nil
	}
	var problems []string
	answer := op.Execute(types, nil, func(p string) { problems = append(problems, p) })
	data, err := json.Marshal(answer)
	if err != nil {
		t.Fatalf("%v in %s", err, answer.Data)
	}
	return string(data), problems
}

func load(t testing.TB) *graphql.Schema {
	t.Helper()
	s, err := graphql.Load(zoo)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(types); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestQueriesAreAnsweredWithDataAlone(t *testing.T) {
	s := load(t)
	for _, c := range []struct{ name, query, variables, want string }{
		{"an argument has the schema's default", `{ greet }`, "", `{"greet":"hello you 0  []"}`},
		{"literals are arguments", `{ greet(name: "x", times: 3, size: SMALL, sizes: [SMALL, LARGE]) }`, "", `{"greet":"hello x 3 SMALL [SMALL LARGE]"}`},
		{"variables are arguments", `query($n: String!, $t: Int, $s: [Size!]) { greet(name: $n, times: $t, sizes: $s) }`, `{"n":"y","t":4,"s":["LARGE"]}`, `{"greet":"hello y 4  [LARGE]"}`},
		{"a variable has the operation's default", `query($n: String = "z") { greet(name: $n) }`, "", `{"greet":"hello z 0  []"}`},
		{"a variable left out leaves the argument to its default", `query($t: Int) { greet(times: $t) }`, "", `{"greet":"hello you 0  []"}`},
		{"one value stands for a list of it", `{ greet(sizes: SMALL) }`, "", `{"greet":"hello you 0  [SMALL]"}`},
		{"aliases name the same field twice", `{ a: greet(name: "a") b: greet(name: "b") }`, "", `{"a":"hello a 0  []","b":"hello b 0  []"}`},
		{"inline fragments choose by the concrete type", `{ pet { __typename ... on Cat { lives } ... on Dog { size } } }`, "", `{"pet":{"__typename":"Cat","lives":9}}`},
		{"inline fragments on an interface hold for its types", `{ pet(cat: false) { ... on Animal { name } ... on Dog { size } } }`, "", `{"pet":{"name":"Rex","size":"LARGE"}}`},
		{"a fragment has a name", `{ animals { ...A ... on Dog { size } } } fragment A on Animal { name }`, "", `{"animals":[{"name":"Tom"},{"name":"Rex","size":"LARGE"}]}`},
		{"the same key is merged in the order of its first mention", `{ me { name } greet me { strict: name } }`, "", `{"me":{"name":"me","strict":"me"},"greet":"hello you 0  []"}`},
		{"skip leaves out", `query($y: Boolean!) { greet @skip(if: $y) me @skip(if: false) { name } }`, `{"y":true}`, `{"me":{"name":"me"}}`},
		{"include leaves out", `query($y: Boolean!) { greet @include(if: $y) ... on Query @include(if: $y) { big } ...F @include(if: false) me { name } } fragment F on Query { uri }`, `{"y":false}`, `{"me":{"name":"me"}}`},
		{"null is null", `{ nothing { name } never }`, "", `{"nothing":null,"never":null}`},
		{"times are in UTC and whole seconds", `{ time }`, "", `{"time":"2024-05-06T06:08:09Z"}`},
		{"a BigInt is a string", `{ big float uri }`, "", `{"big":"1099511627776","float":0.5,"uri":"https://example.test/a"}`},
		{"a mutation is executed", `mutation { rename(name: "é\"\n") { name } }`, "", `{"rename":{"name":"é\"\n"}}`},
		{"the first page", `{ me { friends(first: 2) { totalCount extra nodes { name } pageInfo { hasNextPage hasPreviousPage } } } }`, "", `{"me":{"friends":{"totalCount":250,"extra":7,"nodes":[{"name":"p0"},{"name":"p1"}],"pageInfo":{"hasNextPage":true,"hasPreviousPage":false}}}}`},
		{"the last page", `{ me { friends(last: 1) { edges { since node { name } } pageInfo { hasNextPage hasPreviousPage } } } }`, "", `{"me":{"friends":{"edges":[{"since":2249,"node":{"name":"p249"}}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":true}}}}`},
		{"no page of nothing", `{ me { friends(first: 0) { nodes { name } pageInfo { startCursor endCursor } } } }`, "", `{"me":{"friends":{"nodes":[],"pageInfo":{"startCursor":null,"endCursor":null}}}}`},
		{"a count needs no page", `{ me { friends { totalCount } } }`, "", `{"me":{"friends":{"totalCount":250}}}`},
		{"an input object is read", `{ me { friends(first: 0, like: {prefix: "p"}) { totalCount } } }`, "", `{"me":{"friends":{"totalCount":250}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, problems := run(t, s, c.query, c.variables)
			if want := `{"data":` + c.want + `}`; got != want || len(problems) > 0 {
				t.Errorf("%s\n  got  %s\n  want %s\n  problems %v", c.query, got, want, problems)
			}
		})
	}
}

func TestErrorsComeBesideWhatCanBeAnswered(t *testing.T) {
	s := load(t)
	for _, c := range []struct{ name, query, want string }{
		{"a field with an error is null", `{ greet broken { name } }`,
			`{"data":{"greet":"hello you 0  []","broken":null},"errors":[{"type":"FORBIDDEN","path":["broken"],"locations":[{"line":1,"column":9}],"message":"no"}]}`},
		{"null goes up to the next that may be null", `{ a: me { name strict { name } } me { name } }`,
			`{"data":{"a":null,"me":{"name":"me"}},"errors":[{"path":["a","strict"],"locations":[{"line":1,"column":16}],"message":"gone"}]}`},
		{"an item of a list may fail by itself", `{ maybe { name } }`,
			`{"data":{"maybe":[{"name":"Tom"},null,null]},"errors":[{"path":["maybe",1],"locations":[{"line":1,"column":3}],"message":"ran away"}]}`},
		{"a page has at most 100", `{ me { name friends(first: 101) { nodes { name } } } }`,
			`{"data":{"me":null},"errors":[{"type":"EXCESSIVE_PAGINATION","path":["me","friends"],"locations":[{"line":1,"column":13}],"message":"Requesting 101 records on the ` + "`friends` connection exceeds the `first`" + ` limit of 100 records."}]}`},
		{"a page needs its length", `{ me { friends { nodes { name } } } }`,
			`{"data":{"me":null},"errors":[{"type":"MISSING_PAGINATION_BOUNDARIES","path":["me","friends"],"locations":[{"line":1,"column":8}],"message":"You must provide a ` + "`first` or `last` value to properly paginate the `friends`" + ` connection."}]}`},
		{"too many nodes are refused as a whole", `{ me { friends(first: 100) { nodes { friends(first: 100) { nodes { friends(first: 51) { nodes { name } } } } } } } }`,
			`{"errors":[{"type":"MAX_NODE_LIMIT_EXCEEDED","message":"This query requests up to 520,100 possible nodes which exceeds the maximum limit of 500,000."}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, problems := run(t, s, c.query, "")
			if got != c.want || len(problems) > 0 {
				t.Errorf("%s\n  got  %s\n  want %s\n  problems %v", c.query, got, c.want, problems)
			}
		})
	}
}

func TestFaultsOfQueriesAndResolversAreProblems(t *testing.T) {
	s := load(t)
	for name, query := range map[string]string{
		"a query that is no GraphQL":                    `{ greet`,
		"an unknown field":                              `{ none }`,
		"an unknown argument":                           `{ greet(none: 1) }`,
		"an argument of a wrong type":                   `{ greet(times: "x") }`,
		"an unknown enum value":                         `{ greet(size: MIDDLE) }`,
		"a selection of a scalar":                       `{ greet { x } }`,
		"an object without a selection":                 `{ me }`,
		"a required variable left out":                  `query($n: String!) { greet(name: $n) }`,
		"two operations and no name":                    `query A { greet } query B { greet }`,
		"fields that cannot be merged":                  `{ greet greet(name: "x") }`,
		"an unimplemented field":                        `{ unimplemented }`,
		"introspection":                                 `{ __schema { types { name } } }`,
		"an argument that the resolver does not know":   `{ me { friends(first: 1, like: {deep: 1}) { totalCount } } }`,
		"an enum value that the schema has not":         `{ pet(cat: false) { ... on Dog { bad } } }`,
		"an object where the schema has another":        `{ wrong { name } }`,
		"a URI that is none":                            `{ badUri }`,
		"an object ID that is none":                     `{ badOid }`,
		"a number beyond an Int":                        `{ huge }`,
		"a scalar whose form is unknown":                `{ odd }`,
		"a cursor that is none, which the answer tells": `{ me { friends(first: 1, after: "x") { nodes { name } } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := run(t, s, query, "")
			if !strings.Contains(got, `"errors":[`) {
				t.Errorf("no error in %s", got)
			}
			if want := !strings.Contains(name, "which the answer tells"); (len(problems) == 1) != want {
				t.Errorf("problems: %v", problems)
			}
		})
	}
}

func TestResolversMustBeOfTheSchema(t *testing.T) {
	s := load(t)
	for _, types := range []graphql.Types{{"None": {}}, {"Query": {"none": value(1)}}, {"Pet": {"name": value(1)}}} {
		if s.Check(types) == nil {
			t.Errorf("%v is taken", types)
		}
	}
}

func TestPagesForwardAndBackwardHoldEveryItemOnce(t *testing.T) {
	s := load(t)
	rapid.Check(t, func(t *rapid.T) {
		total, size := rapid.IntRange(0, 40).Draw(t, "total"), rapid.IntRange(1, 12).Draw(t, "size")
		backward := rapid.Bool().Draw(t, "backward")
		query := `query($n: Int!, $c: String) { me { friends(first: $n, after: $c) { nodes { name } pageInfo { more: hasNextPage at: endCursor } } } }`
		if backward {
			query = `query($n: Int!, $c: String) { me { friends(last: $n, before: $c) { nodes { name } pageInfo { more: hasPreviousPage at: startCursor } } } }`
		}
		some := graphql.Types{"Query": {"me": value(&person{"me", total})}, "Person": types["Person"]}
		var names []string
		var cursor any
		for range 50 {
			op, _, errs := s.Prepare(query, "", map[string]any{"n": size, "c": cursor})
			if errs != nil {
				t.Fatal(errs[0])
			}
			var got struct {
				Me struct {
					Friends struct {
						Nodes    []struct{ Name string }
						PageInfo struct {
							More bool
							At   *string
						}
					}
				}
			}
			answer := op.Execute(some, nil, func(p string) { t.Fatal(p) })
			if err := json.Unmarshal(answer.Data, &got); err != nil || len(answer.Errors) > 0 {
				t.Fatal(err, answer.Errors)
			}
			var page []string
			for _, n := range got.Me.Friends.Nodes {
				page = append(page, n.Name)
			}
			if backward {
				names = append(page, names...)
			} else {
				names = append(names, page...)
			}
			if !got.Me.Friends.PageInfo.More {
				break
			}
			if len(page) != size {
				t.Fatalf("a page of %d", len(page))
			}
			cursor = *got.Me.Friends.PageInfo.At
		}
		for i, n := range names {
			if n != fmt.Sprintf("p%d", i) {
				t.Fatalf("%v", names)
			}
		}
		if len(names) != total {
			t.Fatalf("%d of %d", len(names), total)
		}
	})
}

func TestTheCostIsCountedAsGitHubDocumentsIt(t *testing.T) {
	// The example of GitHub's page on rate limits.
	sdl, err := os.ReadFile("../../../testdata/github/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	s, err := graphql.Load(string(sdl))
	if err != nil {
		t.Fatal(err)
	}
	op, _, errs := s.Prepare(`{ viewer { login repositories(first: 100) { edges { node { id
		issues(first: 50) { edges { node { id labels(first: 60) { edges { node { id name } } } } } } } } } } }`, "", nil)
	if errs != nil {
		t.Fatal(errs[0])
	}
	if op.Cost != 51 || op.Nodes != 100+100*50+100*50*60 {
		t.Errorf("cost %d, nodes %d", op.Cost, op.Nodes)
	}
}

// FuzzPrepare holds that no text makes the parser or validator panic.
func FuzzPrepare(f *testing.F) {
	f.Add(`query($n: Int!) { me { friends(first: $n) { nodes { ...F } } } } fragment F on Person { name }`)
	f.Add(`{ pet { ... on Cat @include(if: true) { lives } } }`)
	f.Add(`{ greet(sizes: [SMALL], times: 99999999999999999999) }`)
	s := load(f)
	f.Fuzz(func(t *testing.T, text string) {
		op, _, errs := s.Prepare(text, "", nil)
		if (op == nil) == (errs == nil) {
			t.Fatalf("%v and %v", op, errs)
		}
		if op != nil {
			answer := op.Execute(types, nil, func(string) {})
			if !json.Valid(answer.Data) {
				t.Fatalf("no JSON: %s", answer.Data)
			}
		}
	})
}

func BenchmarkExecute(b *testing.B) {
	s := load(b)
	for b.Loop() {
		op, _, _ := s.Prepare(`{ me { friends(first: 100) { nodes { name friends(first: 10) { totalCount } } pageInfo { endCursor } } } }`, "", nil)
		op.Execute(types, nil, func(p string) { b.Fatal(p) })
	}
}
