package supplychain

import (
	"path"
	"strings"
)

// Dockerfile reports whether the path is one that container builds read by
// convention.
func Dockerfile(p string) bool {
	base := strings.ToLower(path.Base(p))
	return base == "dockerfile" || base == "containerfile" ||
		strings.HasPrefix(base, "dockerfile.") || strings.HasPrefix(base, "containerfile.") ||
		strings.HasSuffix(base, ".dockerfile") || strings.HasSuffix(base, ".containerfile")
}

// WorkflowFile reports whether GitHub reads the path as a workflow.
func WorkflowFile(p string) bool {
	dir, base := path.Split(p)
	return dir == ".github/workflows/" && (strings.HasSuffix(base, ".yml") || strings.HasSuffix(base, ".yaml"))
}

// ActionFile reports whether the path can define an action.
func ActionFile(p string) bool {
	base := path.Base(p)
	return base == "action.yml" || base == "action.yaml"
}

// GoModule reports whether the go command learns modules from the file.
func GoModule(p string) bool {
	switch path.Base(p) {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return true
	}
	return vendored(p)
}

func vendored(p string) bool {
	return p == "vendor/modules.txt" || strings.HasSuffix(p, "/vendor/modules.txt")
}

// NPM reports whether the path is a manifest or lock file of npm.
func NPM(p string) bool {
	switch path.Base(p) {
	case "package.json", "package-lock.json", "npm-shrinkwrap.json":
		return true
	}
	return false
}

// Workflow reports whether workflows are told from the file.
func Workflow(p string) bool { return WorkflowFile(p) || ActionFile(p) }

// Dependency reports whether dependencies are told from the file.
func Dependency(p string) bool { return Workflow(p) || GoModule(p) || Dockerfile(p) || NPM(p) }

// Vendored reports whether the path is in a directory of vendored Go modules,
// from which it is told, without its contents, that their code changes.
func Vendored(p string) bool {
	_, _, ok := vendoredPackage(p)
	return ok
}
