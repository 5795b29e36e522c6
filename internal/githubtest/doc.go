// Package githubtest is a fake GitHub: stateful over real commits and trees,
// strict about the rules that GitHub enforces, and held to GitHub's published
// contract. It serves REST, GraphQL and signed webhooks on loopback for tests,
// for the demo and for load, and is the only test double of the project. It
// must never import another of rolecall's packages: it stands for GitHub, not
// for what rolecall believes.
//
// What the contract leaves open is listed, with sources, in
// docs/github-behaviour.md; code that embodies such a belief names it by
// number, as "behaviour 7".
package githubtest
