package policy

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// name is one name that expressions can use: the schema against which they
// are checked, and from which the reference is made.
type name struct {
	path string // "terraform.resources"
	typ  cty.Type
	// kind is what a list's elements are called, which is also the first part
	// of their attributes' names in Needs; "" for what is no list of findings.
	kind string
	// contents is true where file contents are needed to tell it.
	contents bool
	doc      string
}

// attribute is one attribute of a list's elements.
type attribute struct {
	name     string
	typ      cty.Type
	contents bool // needs file contents where the list itself does not
	modes    bool // needs tree entries
	doc      string
}

var (
	strs    = cty.List(cty.String)
	riskTyp = cty.Object(map[string]cty.Type{"name": cty.String, "detail": cty.String})
)

// kinds are the elements of lists, by their kind.
var kinds = map[string][]attribute{
	"files": {
		{"path", cty.String, false, false, "path at the head, or the old path of a deleted file"},
		{"previous_path", cty.String, false, false, "old path of a rename or copy, else \"\""},
		{"status", cty.String, false, false, "added, modified, removed, renamed, copied or changed"},
		{"additions", cty.Number, false, false, "lines added"},
		{"deletions", cty.Number, false, false, "lines deleted"},
		{"language", cty.String, false, false, "go, terraform, …; \"\" where not recognised"},
		{"mode", cty.String, false, true, "git's mode at the head: 100644, 100755, 120000, 160000; \"\" where the file is gone"},
		{"previous_mode", cty.String, false, true, "git's mode at the merge base; \"\" where there was no file"},
		{"generated", cty.Bool, true, false, "says of itself that a tool wrote it"},
		{"cosmetic", cty.Bool, true, false, "provably changes no meaning"},
	},
	"go.packages": {
		{"dir", cty.String, false, false, "directory"},
		{"name", cty.String, false, false, "package name"},
		{"action", cty.String, false, false, "create, update or delete"},
		{"paths", strs, false, false, "files"},
	},
	"go.exported": {
		{"dir", cty.String, false, false, "directory"},
		{"package", cty.String, false, false, "package name"},
		{"name", cty.String, false, false, "Func, Type, Type.Method or Type.Field"},
		{"kind", cty.String, false, false, "func, method, type, field, const or var"},
		{"action", cty.String, false, false, "create, update or delete"},
		{"paths", strs, false, false, "files"},
	},
	"go.functions": {
		{"dir", cty.String, false, false, "directory"},
		{"name", cty.String, false, false, "Func or Type.Method"},
		{"action", cty.String, false, false, "create, update or delete"},
		{"test", cty.Bool, false, false, "is a test, benchmark, fuzz target or example"},
		{"paths", strs, false, false, "files"},
	},
	"go.uses": {
		{"what", cty.String, false, false, "security-relevant package or construct that is newly used: crypto/tls, os/exec, unsafe, net/http server, sql string, cgo, …"},
		{"test", cty.Bool, false, false, "is used in tests only"},
		{"paths", strs, false, false, "files"},
	},
	"terraform.resources": {
		{"address", cty.String, false, false, "google_project.p, with data. before a data source"},
		{"type", cty.String, false, false, "google_project"},
		{"name", cty.String, false, false, "p"},
		{"data", cty.Bool, false, false, "is a data source"},
		{"action", cty.String, false, false, "create, update, delete, move, replace, import or forget"},
		{"from", cty.String, false, false, "old address of a move, else \"\""},
		{"kind", cty.String, false, false, "iam, network, secret, key, data, compute, cluster, logging, monitoring, org-policy, dns, project, config or utility; unknown for a type nobody knows"},
		{"instance", cty.Bool, false, false, "is a whole machine, cluster or database"},
		{"risks", cty.List(riskTyp), false, false, "what a reviewer must not miss: name and detail"},
		{"dir", cty.String, false, false, "module's directory"},
		{"paths", strs, false, false, "files of the module, and of the local modules that it calls"},
	},
	"terraform.modules": {
		{"name", cty.String, false, false, "name of the call"},
		{"dir", cty.String, false, false, "directory of the calling module"},
		{"action", cty.String, false, false, "create, update, delete, move or forget"},
		{"from", cty.String, false, false, "old name, where a moved block renames the call, else \"\""},
		{"source", cty.String, false, false, "source at the head"},
		{"from_source", cty.String, false, false, "source at the merge base"},
		{"version", cty.String, false, false, "version at the head"},
		{"from_version", cty.String, false, false, "version at the merge base"},
		{"local", cty.Bool, false, false, "is a module of this repository"},
		{"paths", strs, false, false, "files of the module, and of the local modules that it calls"},
	},
	"terraform.providers": {
		{"name", cty.String, false, false, "local name"},
		{"source", cty.String, false, false, "hashicorp/google"},
		{"action", cty.String, false, false, "create, update, delete, upgrade or downgrade"},
		{"from", cty.String, false, false, "version before"},
		{"to", cty.String, false, false, "version after"},
		{"dir", cty.String, false, false, "module's directory"},
		{"paths", strs, false, false, "files of the module, and of the local modules that it calls"},
	},
	"terraform.settings": {
		{"block", cty.String, false, false, "backend, required_version, variable, output, locals, moved, …"},
		{"name", cty.String, false, false, "name, where the block has one"},
		{"action", cty.String, false, false, "create, update or delete"},
		{"dir", cty.String, false, false, "module's directory"},
		{"paths", strs, false, false, "files of the module, and of the local modules that it calls"},
	},
	"dependencies": {
		{"ecosystem", cty.String, false, false, "go, terraform-module, terraform-provider, actions, docker or npm"},
		{"name", cty.String, false, false, "name in its ecosystem"},
		{"from", cty.String, false, false, "version before, else \"\""},
		{"to", cty.String, false, false, "version after, else \"\""},
		{"action", cty.String, false, false, "add, remove, upgrade, downgrade or change"},
		{"direct", cty.Bool, false, false, "is required directly"},
		{"detail", cty.String, false, false, "replace, exclude, toolchain, sum only, …"},
		{"paths", strs, false, false, "files"},
	},
	"workflows": {
		{"path", cty.String, false, false, "path of the workflow or action"},
		{"action", cty.String, false, false, "create, update or delete"},
		{"triggers", strs, false, false, "newly added triggers"},
		{"permissions", strs, false, false, "newly granted permissions, \"contents: write\""},
		{"secrets", strs, false, false, "newly used secrets"},
		{"injections", strs, false, false, "what outsiders write, newly put into a script, \"github.event.issue.title\""},
		{"unpinned", strs, false, false, "newly used references that are no commit SHA"},
		{"privileged", cty.Bool, false, false, "runs on pull_request_target or workflow_run"},
		{"cosmetic", cty.Bool, false, false, "false; unknown where it cannot be told: what provably changes no meaning is not listed"},
		{"paths", strs, false, false, "files"},
	},
	"projects": {
		{"name", cty.String, false, false, "the project's label"},
		{"dri", strs, false, false, "logins of the DRIs that count here"},
		{"paths", strs, false, false, "changed files of the project"},
	},
}

// carrier is an attribute of resources that expressions cannot name: it leads
// before() and after() back to the finding.
const carrier = "\x00resource"

// kindType is the object type of a kind's elements.
var kindType = func() map[string]cty.Type {
	types := map[string]cty.Type{}
	for kind, attrs := range kinds {
		m := map[string]cty.Type{}
		for _, a := range attrs {
			m[a.name] = a.typ
		}
		if kind == "terraform.resources" {
			m[carrier] = resourceCapsule
		}
		types[kind] = cty.Object(m)
	}
	return types
}()

func listOf(kind string) cty.Type { return cty.List(kindType[kind]) }

// names is the schema of names, in the order of the reference.
var names = []name{
	{"pull.number", cty.Number, "", false, "its number"},
	{"pull.title", cty.String, "", false, "its title"},
	{"pull.body", cty.String, "", false, "its description"},
	{"pull.author", cty.String, "", false, "login of the author, lower case, without @"},
	{"pull.base", cty.String, "", false, "branch it merges into"},
	{"pull.head", cty.String, "", false, "branch it comes from"},
	{"pull.labels", strs, "", false, "labels in force"},
	{"pull.draft", cty.Bool, "", false, "whether it is a draft"},
	{"pull.fork", cty.Bool, "", false, "whether it comes from a fork"},
	{"pull.bot", cty.Bool, "", false, "whether a bot opened it"},
	{"pull.created_at", cty.String, "", false, "when it was opened, RFC 3339, UTC"},
	{"files", listOf("files"), "files", false, "changed files"},
	{"go.files", listOf("files"), "files", false, "changed files of Go code: sources, modules, cgo neighbours"},
	{"go.packages", listOf("go.packages"), "go.packages", true, "Go packages touched"},
	{"go.exported", listOf("go.exported"), "go.exported", true, "exported identifiers added, changed, removed"},
	{"go.functions", listOf("go.functions"), "go.functions", true, "functions and methods added, changed, removed"},
	{"go.uses", listOf("go.uses"), "go.uses", true, "security-relevant packages and constructs newly used"},
	{"go.tests_only", cty.Bool, "", true, "whether every Go file is a test; false without Go files"},
	{"go.cosmetic", cty.Bool, "", true, "whether no Go file changes meaning; false without Go files"},
	{"terraform.files", listOf("files"), "files", false, "changed files of Terraform and OpenTofu"},
	{"terraform.resources", listOf("terraform.resources"), "terraform.resources", true, "resources and data sources touched"},
	{"terraform.modules", listOf("terraform.modules"), "terraform.modules", true, "module calls touched"},
	{"terraform.providers", listOf("terraform.providers"), "terraform.providers", true, "provider requirements, configurations and locks touched"},
	{"terraform.settings", listOf("terraform.settings"), "terraform.settings", true, "any other block touched"},
	{"terraform.cosmetic", cty.Bool, "", true, "whether no Terraform file changes meaning; false without Terraform files"},
	{"dependencies", listOf("dependencies"), "dependencies", true, "third-party dependencies touched"},
	{"workflows", listOf("workflows"), "workflows", true, "GitHub Actions workflows and actions whose meaning may change"},
	{"projects", listOf("projects"), "projects", false, "projects touched"},
	{"projects.files", listOf("files"), "files", false, "changed files of any project"},
	{"uncovered.files", listOf("files"), "files", false, "changed files in no other rule's scope"},
	{"now", cty.String, "", false, "the moment of the decision, RFC 3339, UTC, in full hours"},
}

var nameByPath = func() map[string]*name {
	m := map[string]*name{}
	for i := range names {
		m[names[i].path] = &names[i]
	}
	return m
}()

// rootNames are the first parts of all names, and "local".
var rootNames = func() []string {
	roots := []string{"local"}
	for _, n := range names {
		root, _, _ := strings.Cut(n.path, ".")
		if !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	slices.Sort(roots)
	return roots
}()

// groupMembers returns what stands below a root such as "go"; nil for a root
// that is a name by itself.
func groupMembers(root string) []string {
	var members []string
	for _, n := range names {
		if rest, ok := strings.CutPrefix(n.path, root+"."); ok {
			members = append(members, rest)
		}
	}
	return members
}

// kindOf returns the kind whose elements have the type t; "" when none has.
func kindOf(t cty.Type) string {
	if !t.IsObjectType() {
		return ""
	}
	for kind, kt := range kindType {
		if t.Equals(kt) {
			return kind
		}
	}
	return ""
}

func attributeOf(kind, attr string) *attribute {
	for i := range kinds[kind] {
		if kinds[kind][i].name == attr {
			return &kinds[kind][i]
		}
	}
	return nil
}
