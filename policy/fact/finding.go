package fact

// Findings is what a change does, as far as its two versions tell. Every
// finding's Paths are all the files that its analysis read; an approval of
// the finding covers exactly these.
type Findings struct {
	// Files has one element for each of Pull.Files, in their order.
	Files        []FileFinding    `json:"files,omitempty"`
	Go           Go               `json:"go"`
	Terraform    Terraform        `json:"terraform"`
	Dependencies List[Dependency] `json:"dependencies"`
	Workflows    List[Workflow]   `json:"workflows"`
}

// FileFinding is what is known of one changed file by itself.
type FileFinding struct {
	Path      string      `json:"path"`
	Language  string      `json:"language,omitempty"` // "go", "terraform", …; "" not recognised
	Generated Maybe[bool] `json:"generated"`
	Cosmetic  Maybe[bool] `json:"cosmetic"` // provably without effect
}

// Go is what a change does to Go code.
type Go struct {
	Files     []string        `json:"files,omitempty"` // paths, new names and old; modules and cgo neighbours included
	Packages  List[GoPackage] `json:"packages"`
	Exported  List[GoExport]  `json:"exported"`
	Functions List[GoFunc]    `json:"functions"`
	Uses      List[GoUse]     `json:"uses"`
	TestsOnly Maybe[bool]     `json:"tests_only"` // every Go file is a test; false without Go files
	Cosmetic  Maybe[bool]     `json:"cosmetic"`   // no Go file changes meaning; false without Go files
}

// GoPackage is a package that the change touches.
type GoPackage struct {
	Dir    string   `json:"dir"`
	Name   string   `json:"name"`
	Action string   `json:"action"` // create, update, delete
	Paths  []string `json:"paths"`
}

// GoExport is an exported identifier that the change adds, changes, removes.
type GoExport struct {
	Dir     string   `json:"dir"`
	Package string   `json:"package"`
	Name    string   `json:"name"`   // "Func", "Type", "Type.Method", "Type.Field"
	Kind    string   `json:"kind"`   // func, method, type, field, const, var
	Action  string   `json:"action"` // create, update, delete
	Paths   []string `json:"paths"`
}

// GoFunc is a function or method whose body or signature changes.
type GoFunc struct {
	Dir    string   `json:"dir"`
	Name   string   `json:"name"`
	Action string   `json:"action"`
	Test   bool     `json:"test,omitempty"`
	Paths  []string `json:"paths"`
}

// GoUse is a security-relevant package or construct that is newly used.
type GoUse struct {
	What  string   `json:"what"`           // "crypto/tls", "os/exec", "unsafe", "net/http server", "sql string", "cgo", "go:linkname"
	Test  bool     `json:"test,omitempty"` // in tests only
	Paths []string `json:"paths"`
}

// Terraform is what a change does to infrastructure as code.
type Terraform struct {
	Files     []string       `json:"files,omitempty"`
	Resources List[Resource] `json:"resources"`
	Modules   List[Module]   `json:"modules"`
	Providers List[Provider] `json:"providers"`
	Settings  List[Setting]  `json:"settings"`
	Cosmetic  Maybe[bool]    `json:"cosmetic"` // no file changes meaning; false without Terraform files
}

// The values of Action in findings.
const (
	Create    = "create"
	Update    = "update"
	Delete    = "delete"
	Move      = "move"
	Replace   = "replace"
	Import    = "import"
	Forget    = "forget" // leaves the state, keeps the object
	Upgrade   = "upgrade"
	Downgrade = "downgrade"
)

// Resource is one resource or data source that the change touches.
type Resource struct {
	Address string `json:"address"` // "google_project.p", with "data." where it is one
	Type    string `json:"type"`
	Name    string `json:"name"`
	Data    bool   `json:"data,omitempty"` // a data source
	Action  string `json:"action"`         // create, update, delete, move, replace, import, forget
	From    string `json:"from,omitempty"` // the old address of a move
	// Kind is what it touches: iam, network, secret, key, data, compute,
	// cluster, logging, monitoring, org-policy, dns, project, config,
	// utility; unknown for a type nobody knows.
	Kind Maybe[string] `json:"kind"`
	// Instance is true where it is a whole machine, cluster or database.
	Instance bool `json:"instance,omitempty"`
	// Risks are what a reviewer must not miss.
	Risks []Risk `json:"risks,omitempty"`
	// Before and After map a dotted attribute path ("settings[0].tier") to
	// its literal value; unknown where it is not a literal; absent where it
	// is not set. Values are nil, bool, string, float64, []any, map[string]any.
	Before map[string]Maybe[any] `json:"before,omitempty"`
	After  map[string]Maybe[any] `json:"after,omitempty"`
	Dir    string                `json:"dir"`
	Paths  []string              `json:"paths"`
}

// Risk is a property of a change that a reviewer must not miss.
type Risk struct {
	// Name is one of "destroys-data", "loses-protection", "public",
	// "wildcard", "secret-in-plain-text".
	Name   string `json:"name"`
	Detail string `json:"detail"` // "deletion_protection: true → false"
}

// Module is a module call that the change touches.
type Module struct {
	Name        string        `json:"name"`
	Dir         string        `json:"dir"`
	Action      string        `json:"action"`         // create, update, delete, move, forget
	From        string        `json:"from,omitempty"` // the old name, where a moved block renames the call
	Source      Maybe[string] `json:"source"`
	FromSource  Maybe[string] `json:"from_source"`
	Version     Maybe[string] `json:"version"`
	FromVersion Maybe[string] `json:"from_version"`
	Local       bool          `json:"local,omitempty"`
	Paths       []string      `json:"paths"`
}

// Provider is a provider requirement, configuration or lock that changes.
type Provider struct {
	Name   string `json:"name"`
	Source string `json:"source,omitempty"`
	Action string `json:"action"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Dir    string `json:"dir"`
	// Configures is true for a provider's block where the module has the
	// provider without it: nothing is added but a configuration.
	Configures bool     `json:"configures,omitempty"`
	Paths      []string `json:"paths"`
}

// Setting is any other block that changes: backend, required_version,
// variable, output, locals, check, moved, removed, import.
type Setting struct {
	Block  string   `json:"block"`
	Name   string   `json:"name,omitempty"`
	Action string   `json:"action"`
	Dir    string   `json:"dir"`
	Paths  []string `json:"paths"`
}

// Dependency is a third-party dependency that the change touches.
type Dependency struct {
	Ecosystem string   `json:"ecosystem"` // go, terraform-module, terraform-provider, actions, docker, npm
	Name      string   `json:"name"`
	From      string   `json:"from,omitempty"`
	To        string   `json:"to,omitempty"`
	Action    string   `json:"action"` // add, remove, upgrade, downgrade, change
	Direct    bool     `json:"direct"`
	Detail    string   `json:"detail,omitempty"` // "replace", "exclude", "toolchain", "sum only"
	Paths     []string `json:"paths"`
}

// Workflow is a GitHub Actions workflow or action definition that changes.
type Workflow struct {
	Path        string      `json:"path"`
	Action      string      `json:"action"`                // create, update, delete
	Triggers    []string    `json:"triggers,omitempty"`    // newly added
	Permissions []string    `json:"permissions,omitempty"` // newly granted, "contents: write"
	Secrets     []string    `json:"secrets,omitempty"`     // newly used
	Injections  []string    `json:"injections,omitempty"`  // newly put into a script: what outsiders write, "github.event.issue.title"
	Unpinned    []string    `json:"unpinned,omitempty"`    // newly used references that are no commit SHA
	Privileged  Maybe[bool] `json:"privileged"`            // pull_request_target or workflow_run
	Cosmetic    Maybe[bool] `json:"cosmetic"`
	Paths       []string    `json:"paths"`
}
