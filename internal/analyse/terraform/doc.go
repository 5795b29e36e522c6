// Package terraform tells what a change does to Terraform and OpenTofu code:
// resources, modules, providers and settings, block by block over the whole
// change set, from the two versions of its files alone.
//
// It is pure, neither panics nor fails on any bytes, and must never call
// harmless what it could not read.
package terraform
