package golang

import (
	"path"
	"strings"
)

// native are the endings of the files beside Go code that the go command
// compiles or links with it (the fields of "go list" for cgo, assembly, SWIG
// and objects).
var native = map[string]bool{
	".c": true, ".cc": true, ".cpp": true, ".cxx": true, ".m": true, ".mm": true,
	".h": true, ".hh": true, ".hpp": true, ".hxx": true,
	".f": true, ".for": true, ".f90": true, ".F": true,
	".s": true, ".S": true, ".sx": true,
	".swig": true, ".swigcxx": true, ".syso": true,
}

// Source reports whether the path is one of Go source, whatever builds it.
func Source(p string) bool { return strings.HasSuffix(p, ".go") }

// Module reports whether the path is that of a file from which the go command
// learns modules and their sums.
func Module(p string) bool {
	switch path.Base(p) {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return true
	}
	return p == "vendor/modules.txt" || strings.HasSuffix(p, "/vendor/modules.txt")
}

// Neighbour reports whether the file is compiled or linked with Go code where
// such stands in the same directory.
func Neighbour(p string) bool { return native[path.Ext(p)] }

// Test reports whether the go command builds the file for tests only.
// Directories named testdata do not make one: they can be imported by name.
func Test(p string) bool { return strings.HasSuffix(p, "_test.go") }
