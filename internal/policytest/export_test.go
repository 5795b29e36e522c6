package policytest

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/rolecall/rolecall/policy"
)

// Arguments lists every argument that a test can have, at every depth: each
// reader is given an object with a key that nobody knows, and tells the keys
// that it knows.
func Arguments() []string {
	p, _ := policy.Load(nil, &policy.Source{Name: "cloud.hcl", Bytes: policy.Cloud()})
	found := map[string]bool{}
	d := &decoder{heard: func(keys []string) {
		for _, k := range keys {
			found[k] = true
		}
	}}
	g := newGiven()
	readers := d.readers(&g, p)
	readers["expect"] = func(v value) { d.expectations(v, p) }
	for name, read := range readers {
		found[name] = true
		for _, text := range []string{`{ nobody = 1 }`, `[{ nobody = 1 }]`, `{ path = { nobody = 1 } }`} {
			e, _ := hclsyntax.ParseExpression([]byte(text), "x", hcl.InitialPos)
			v, _ := e.Value(nil)
			read(value{name, e.Range(), v, e})
		}
	}
	return slices.Sorted(maps.Keys(found))
}
