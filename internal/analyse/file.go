package analyse

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/analyse/golang"
	"github.com/rolecall/rolecall/policy/fact"
)

// generated tells whether a file is generated: true by Go's standard marker,
// and for the lock files of package managers. By other languages' customs a
// file can look generated, which proves nothing.
func generated(f fact.File, k class, byGo map[string]fact.Maybe[bool]) fact.Maybe[bool] {
	if k.doubt != "" {
		return fact.Unknown[bool](k.doubt)
	}
	for _, p := range f.Paths() {
		if golang.Source(p) {
			if m, ok := byGo[f.Path]; ok {
				return m
			}
			return fact.Unknown[bool]("its content was not read")
		}
	}
	if !slices.ContainsFunc(f.Paths(), func(p string) bool { return !lockFiles[path.Base(p)] }) {
		return fact.Known(true)
	}
	for _, p := range f.Paths() {
		if looksGenerated(p) {
			return fact.Unknown[bool]("its name says so, and only Go's marker proves it")
		}
	}
	return fact.Known(false)
}

// lockFiles are those that package managers write, by names that they read and
// nobody else uses. Go's sums and Terraform's lock file are not among them:
// what they pin is told as dependencies, and so a decision.
var lockFiles = map[string]bool{
	"bun.lock": true, "Cargo.lock": true, "Cartfile.resolved": true, "Chart.lock": true, "composer.lock": true,
	"conan.lock": true, "deno.lock": true, "flake.lock": true, "Gemfile.lock": true, "glide.lock": true,
	"Gopkg.lock": true, "gradle.lockfile": true, "mix.lock": true, "npm-shrinkwrap.json": true,
	"package-lock.json": true, "Package.resolved": true, "packages.lock.json": true, "paket.lock": true,
	"pdm.lock": true, "Pipfile.lock": true, "pnpm-lock.yaml": true, "Podfile.lock": true, "poetry.lock": true,
	"pubspec.lock": true, "uv.lock": true, "yarn.lock": true,
}

// generatedElements are directories whose files tools usually write.
var generatedElements = map[string]bool{
	"vendor": true, "node_modules": true, "generated": true, "dist": true,
}

func looksGenerated(p string) bool {
	dir, base := path.Split(strings.ToLower(p))
	if base == ".terraform.lock.hcl" {
		return false // a tool writes it, but what it pins is a decision
	}
	for _, e := range strings.Split(dir, "/") {
		if generatedElements[e] {
			return true
		}
	}
	for _, part := range []string{"generated", ".min.", ".pb.", "_pb2", ".lock", "-lock.", "lockfile"} {
		if strings.Contains(base, part) {
			return true
		}
	}
	return strings.HasSuffix(base, ".snap")
}

// cosmetic tells whether the change of a file is provably without effect.
func cosmetic(f fact.File, k class, c fact.Contents, byGo, byTerraform, byFlow map[string]fact.Maybe[bool]) fact.Maybe[bool] {
	if k.doubt != "" {
		return fact.Unknown[bool](k.doubt)
	}
	if v := versions(f); !v.IsKnown() || !v.Value {
		return v
	}
	for _, by := range []struct {
		is    bool
		known map[string]fact.Maybe[bool]
	}{{k.terraform, byTerraform}, {k.golang, byGo}} {
		if by.is {
			if m, ok := by.known[f.Path]; ok {
				return m
			}
			return fact.Unknown[bool]("its content was not compared")
		}
	}
	if m, ok := byFlow[f.Path]; ok {
		return m
	}
	base, head := c.Base.File(f.Path), c.Head.File(f.Path)
	switch {
	case f.PreviousPath != "" && f.PreviousPath != f.Path:
		return fact.Known(false)
	case !base.IsKnown():
		return fact.Unknown[bool](base.Unknown)
	case !head.IsKnown():
		return fact.Unknown[bool](head.Unknown)
	}
	return fact.Known(base.Value != nil && head.Value != nil && bytes.Equal(base.Value, head.Value))
}

// versions tells whether a file has two versions of one plain kind, without
// which no change of it is cosmetic.
func versions(f fact.File) fact.Maybe[bool] {
	switch f.Status {
	case fact.Added, fact.Removed, fact.Copied:
		return fact.Known(false)
	}
	for _, e := range []fact.Maybe[fact.Entry]{f.Base, f.Head} {
		if !e.IsKnown() {
			return fact.Unknown[bool](e.Unknown)
		}
		if e.Value.Mode == "" {
			return fact.Unknown[bool]("its mode is not known")
		}
	}
	return fact.Known(f.Base.Value.Mode == f.Head.Value.Mode)
}
