// Package policytest is the language of a policy's tests: files in which
// people say of a made-up pull request what their policy must decide. It reads
// such a file, makes the facts that gather would make of that pull request,
// and holds the decision of the server's own analysis and evaluator to what
// was expected.
//
// It must never decide anything by itself, and never read a file, a clock or
// a network: the tests of a pull request's own policy run in the server, so
// every input is bounded and nothing in it is trusted.
package policytest
