// Package supplychain tells what a change does to what a repository depends
// on and to what builds it: Go modules, GitHub Actions workflows and actions,
// container base images, npm packages.
//
// It is pure and bounded, asks no registry, and must never leave out silently
// what it could not parse.
package supplychain
