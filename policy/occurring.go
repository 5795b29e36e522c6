package policy

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/rolecall/rolecall/policy/fact"
)

var actions = []string{fact.Create, fact.Update, fact.Delete}

// occurring are all texts that an attribute can be, where they are few and
// fixed: comparing it with another is a mistake that would go unnoticed, since
// the rule is never in force. By "kind.attribute".
var occurring = map[string][]string{
	"files.status":               {fact.Added, fact.Modified, fact.Removed, fact.Renamed, fact.Copied, fact.Changed, fact.Unchanged},
	"go.packages.action":         actions,
	"go.exported.action":         actions,
	"go.exported.kind":           {"func", "method", "type", "field", "const", "var"},
	"go.functions.action":        actions,
	"terraform.resources.action": {fact.Create, fact.Update, fact.Delete, fact.Move, fact.Replace, fact.Import, fact.Forget},
	"terraform.modules.action":   actions,
	"terraform.providers.action": {fact.Create, fact.Update, fact.Delete, fact.Upgrade, fact.Downgrade},
	"terraform.settings.action":  actions,
	"dependencies.action":        {"add", "remove", "upgrade", "downgrade", "change"},
	"dependencies.ecosystem":     {"go", "terraform-module", "terraform-provider", "actions", "docker", "npm"},
	"workflows.action":           actions,
}

// occurs warns where an attribute of a loop's element is compared with a text
// that it never is.
func (c *checker) occurs(e, with hclsyntax.Expression, s *scope) {
	given, ok := literalText(with)
	t, isName := Unwrap(e).(*hclsyntax.ScopeTraversalExpr)
	if !ok || !isName || len(t.Traversal) != 2 {
		return
	}
	element, ok := s.lookup(t.Traversal.RootName())
	attr, isAttr := t.Traversal[1].(hcl.TraverseAttr)
	if !ok || !isAttr {
		return
	}
	values := occurring[kindOf(element.Type())+"."+attr.Name]
	if values == nil || slices.Contains(values, given) {
		return
	}
	remedy := hint(given, values)
	if remedy == "" {
		remedy = " It is one of " + list(values) + "."
	}
	c.warnf(with.Range(), "Text that never occurs", "%s.%s is never %q.%s", t.Traversal.RootName(), attr.Name, given, remedy)
}
