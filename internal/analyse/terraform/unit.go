package terraform

import (
	"path"
	"strings"
)

// space is where names are unique: a module's directory, or one file that is
// read by itself.
type space struct {
	dir  string
	file string // "" for a module; else the file, or "tofu"
}

// unit is what is compared as a whole: a block, or one entry of a block whose
// entries stand for themselves.
type unit struct {
	key    string // equal for the two versions of one thing
	sort   sort
	block  *block // of resources, data sources and modules
	name   string
	under  string // of settings: the block
	value  value  // of provider requirements
	canon  string
	path   string
	merged bool // by an override file, into what stands elsewhere
}

type sort int

const (
	setting sort = iota
	resource
	data
	module
	requirement // of a provider
	provider    // configuration
	lock
)

// form is how a file of a path is read.
type form int

const (
	opaqueFile form = iota
	moduleFile
	variables
	lockFile
	blocks // any other HCL, whose order may matter
)

func formOf(p string) form {
	base := path.Base(p)
	if strings.HasPrefix(p, ".terraform/") || strings.Contains(p, "/.terraform/") {
		return opaqueFile
	}
	switch {
	case base == ".terraform.lock.hcl":
		return lockFile
	case ends(base, ".tf", ".tf.json", ".tofu", ".tofu.json"):
		return moduleFile
	case ends(base, ".tfvars", ".tfvars.json"):
		return variables
	case ends(base, ".hcl", ".hcl.json", ".tftest.json", ".tofutest.json", ".tfmock.json", ".tfquery.json", ".tfstack.json",
		".tfcomponent.json", ".tfdeploy.json", ".tfbackend"):
		return blocks
	}
	return opaqueFile
}

func ends(s string, endings ...string) bool {
	for _, e := range endings {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}

// spaceOf returns the space that a file's names are in.
func spaceOf(p string) space {
	dir, base := path.Split(p)
	s := space{dir: strings.TrimSuffix(dir, "/")}
	switch {
	case formOf(p) != moduleFile || overrides(base):
		s.file = p
	case ends(base, ".tofu", ".tofu.json"):
		s.file = "tofu" // OpenTofu reads these in place of .tf files of their names
	}
	return s
}

func overrides(base string) bool {
	stem, _, _ := strings.Cut(base, ".")
	return stem == "override" || strings.HasSuffix(stem, "_override")
}

// units splits a file into what is compared.
func units(b *body, p string) []unit {
	var all []unit
	add := func(u unit) {
		u.path = p
		u.merged = formOf(p) == moduleFile && overrides(path.Base(p))
		all = append(all, u)
	}
	f := formOf(p)
	argsOf := func(under string, b *body) {
		for _, a := range b.args {
			add(unit{key: under + "=" + a.name, under: under, name: a.name, canon: a.canon, value: a.value})
		}
	}
	switch f {
	case variables:
		argsOf("tfvars", b)
	case moduleFile:
		argsOf("argument", b)
	case blocks, lockFile:
		under := "argument"
		if ends(p, ".tfbackend") {
			under = "backend"
		}
		argsOf(under, b)
	}
	var order strings.Builder
	for _, n := range b.blocks {
		switch {
		case f == lockFile && n.kind == "provider" && len(n.labels) == 1:
			add(unit{key: "lock=" + n.labels[0], sort: lock, block: n, name: n.labels[0], canon: n.canon})
		case f != moduleFile:
			name := strings.Join(n.labels, ".")
			order.WriteString(n.kind + " " + name + "\n")
			u := unit{key: n.kind + "=" + name, under: n.kind, name: name, block: n, canon: n.canon}
			if n.kind == "terraform" && n.body.arg("source") != nil {
				u.sort = module // Terragrunt calls one for each directory
			}
			add(u)
		default:
			moduleUnits(n, add)
		}
	}
	if f == blocks || ends(p, ".tofu", ".tofu.json") {
		// That it stands there means something, even where it is empty: a
		// .tofu file hides the .tf file of its name from OpenTofu.
		add(unit{key: "file=" + path.Base(p), under: "file", name: path.Base(p)})
	}
	if order.Len() > 0 {
		add(unit{key: "order", under: "order", canon: order.String()})
	}
	return all
}

// moduleUnits splits a block of a module.
func moduleUnits(n *block, add func(unit)) {
	address := strings.Join(n.labels, ".")
	whole := unit{key: n.kind + "=" + address, under: n.kind, name: address, block: n, canon: n.canon}
	switch n.kind {
	case "resource", "data":
		if len(n.labels) == 2 {
			if whole.sort = resource; n.kind == "data" {
				whole.sort = data
			}
		}
	case "module":
		whole.sort = module
	case "provider":
		whole.sort = provider
		if a := n.body.arg("alias"); a != nil {
			whole.key += " " + a.canon
		}
	case "locals":
		for _, a := range n.body.args {
			add(unit{key: "locals=" + a.name, under: "locals", name: a.name, canon: a.canon})
		}
		if len(n.body.blocks) == 0 {
			return
		}
	case "moved", "removed", "import":
		whole.key, whole.name = n.kind+"="+n.canon, "" // each stands for itself
		for _, name := range []string{"to", "from"} {
			if a := n.body.arg(name); a != nil && whole.name == "" {
				whole.name = addressOf(a.value)
			}
		}
	case "terraform":
		for _, a := range n.body.args {
			add(unit{key: "terraform=" + a.name, under: a.name, canon: a.canon})
		}
		for _, inner := range n.body.blocks {
			if inner.kind != "required_providers" {
				name := strings.Join(inner.labels, ".")
				add(unit{key: "terraform " + inner.kind + "=" + name, under: inner.kind, name: name, canon: inner.canon})
				continue
			}
			for _, a := range inner.body.args {
				add(unit{key: "required_providers=" + a.name, sort: requirement, name: a.name, canon: a.canon, value: a.value})
			}
		}
		return
	}
	add(whole)
}

// addressOf returns the address that a moved, removed or import block names,
// without instance keys; "" where it names none.
func addressOf(v value) string {
	var s string
	switch v := v.(type) {
	case opaque:
		s = v.text
	case string:
		s = v
	}
	for {
		i := strings.IndexByte(s, '[')
		j := strings.IndexByte(s, ']')
		if i < 0 || j < i {
			return s
		}
		s = s[:i] + s[j+1:]
	}
}
