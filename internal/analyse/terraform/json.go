package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// jsonObject is an object of the JSON syntax, where nothing tells a block from
// an argument.
type jsonObject map[string]any

// jsonList keeps each value of a name that is given more than once.
type member struct {
	name string
	node node
}

// node is a JSON value with the order and repetition of its members.
type node struct {
	members []member // of an object
	items   []node   // of a list
	object  bool
	list    bool
	leaf    any // nil, bool, string, json.Number
}

const (
	maxJSONDepth  = 100
	maxJSONValues = 150_000 // each takes some two hundred bytes
)

// parseJSON reads one version of a file in the JSON syntax. module is true
// for the files of a module, whose labels are known by their place.
func parseJSON(src []byte, module bool) (*body, string) {
	if why := text(src); why != "" {
		return nil, why
	}
	if n := bytes.Count(src, []byte(",")) + bytes.Count(src, []byte("[")) + bytes.Count(src, []byte("{")); n > maxJSONValues {
		return nil, fmt.Sprintf("the file has more than %d values", maxJSONValues)
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	root, why := readNode(d, 0)
	if why == "" && d.More() {
		why = "the file does not parse: it goes on after its value"
	}
	if why != "" {
		return nil, why
	}
	objects := root.items
	if !root.list {
		objects = []node{root}
	}
	b := &body{}
	for _, o := range objects {
		if !o.object {
			return nil, "the file does not parse: its root is no object"
		}
		for _, m := range o.members {
			if m.name == "//" {
				continue
			}
			labels, isBlock := labelCount[m.name]
			if !module || !isBlock {
				b.args = append(b.args, jsonArgument(m))
				continue
			}
			if why := b.addJSON(m.name, nil, labels, m.node); why != "" {
				return nil, why
			}
		}
	}
	slices.SortStableFunc(b.args, func(x, y argument) int { return strings.Compare(x.name, y.name) })
	return b, ""
}

// labelCount is how many labels Terraform's blocks have.
var labelCount = map[string]int{
	"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "provider": 1, "variable": 1, "output": 1, "check": 1,
	"locals": 0, "terraform": 0, "moved": 0, "import": 0, "removed": 0,
}

// addJSON adds the blocks that a member stands for.
func (b *body) addJSON(kind string, labels []string, more int, n node) string {
	if n.list {
		for _, item := range n.items {
			if why := b.addJSON(kind, labels, more, item); why != "" {
				return why
			}
		}
		return ""
	}
	if !n.object {
		if n.leaf == nil {
			return ""
		}
		return "the file does not parse: a " + kind + " block is no object"
	}
	if more > 0 {
		for _, m := range n.members {
			if m.name == "//" {
				continue
			}
			if why := b.addJSON(kind, append(slices.Clone(labels), m.name), more-1, m.node); why != "" {
				return why
			}
		}
		return ""
	}
	blk := &block{kind: kind, labels: labels}
	for _, m := range n.members {
		if m.name == "//" {
			continue
		}
		if kind == "terraform" && jsonSections[m.name] > 0 {
			if why := blk.body.addJSON(m.name, nil, jsonSections[m.name]-1, m.node); why != "" {
				return why
			}
			continue
		}
		if (kind == "resource" || kind == "data" || kind == "removed") && m.name == "lifecycle" {
			if why := blk.body.addJSON(m.name, nil, 0, m.node); why != "" {
				return why
			}
			continue
		}
		blk.body.args = append(blk.body.args, jsonArgument(m))
	}
	slices.SortStableFunc(blk.body.args, func(x, y argument) int { return strings.Compare(x.name, y.name) })
	blk.seal()
	b.blocks = append(b.blocks, blk)
	return ""
}

// jsonSections are the blocks inside terraform, with one more than their
// labels.
var jsonSections = map[string]int{"required_providers": 1, "cloud": 1, "backend": 2, "provider_meta": 2}

func jsonArgument(m member) argument {
	return argument{name: m.name, canon: string(m.node.appendCanon(nil)), value: m.node.value()}
}

func (n node) appendCanon(buf []byte) []byte {
	switch {
	case n.object:
		members := n.members
		if sorted := slices.Clone(members); n.unique() {
			slices.SortFunc(sorted, func(x, y member) int { return strings.Compare(x.name, y.name) })
			members = sorted
		}
		buf = append(buf, "object("...)
		for _, m := range members {
			buf = append(quote(buf, m.name), '=')
			buf = append(m.node.appendCanon(buf), ',')
		}
		return append(buf, ')')
	case n.list:
		buf = append(buf, "tuple("...)
		for _, i := range n.items {
			buf = append(i.appendCanon(buf), ',')
		}
		return append(buf, ')')
	}
	switch v := n.leaf.(type) {
	case string:
		if strings.Contains(v, "${") || strings.Contains(v, "%{") {
			buf = append(buf, "text"...)
		}
		return quote(buf, v)
	case bool:
		return strconv.AppendBool(buf, v)
	case json.Number:
		return append(append(buf, '#', '\''), v...)
	}
	return append(buf, "null"...)
}

func (n node) unique() bool {
	seen := make(map[string]bool, len(n.members))
	for _, m := range n.members {
		if seen[m.name] || strings.Contains(m.name, "${") || strings.Contains(m.name, "%{") {
			return false
		}
		seen[m.name] = true
	}
	return true
}

func (n node) value() value {
	switch {
	case n.object:
		if !n.unique() {
			return opaque{}
		}
		o := make(jsonObject, len(n.members))
		for _, m := range n.members {
			o[m.name] = m.node.value()
		}
		return o
	case n.list:
		all := make([]any, len(n.items))
		for i, x := range n.items {
			all[i] = x.value()
		}
		return all
	}
	switch v := n.leaf.(type) {
	case string:
		if strings.Contains(v, "${") || strings.Contains(v, "%{") {
			return opaque{strings.TrimSuffix(strings.TrimPrefix(v, "${"), "}")}
		}
		return v
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return opaque{}
		}
		return f
	default:
		return v
	}
}

func readNode(d *json.Decoder, depth int) (node, string) {
	if depth > maxJSONDepth {
		return node{}, "the file nests more than 100 values"
	}
	t, err := d.Token()
	if err != nil {
		return node{}, "the file does not parse: it is no JSON"
	}
	switch t := t.(type) {
	case json.Delim:
		n := node{object: t == '{', list: t == '['}
		for d.More() {
			var m member
			if n.object {
				name, err := d.Token()
				if err != nil {
					return node{}, "the file does not parse: it is no JSON"
				}
				m.name = name.(string)
			}
			var why string
			if m.node, why = readNode(d, depth+1); why != "" {
				return node{}, why
			}
			if n.object {
				n.members = append(n.members, m)
			} else {
				n.items = append(n.items, m.node)
			}
		}
		if _, err := d.Token(); err != nil {
			return node{}, "the file does not parse: it is no JSON"
		}
		return n, ""
	default:
		return node{leaf: t}, ""
	}
}

// sortedKeys are the names of an object, for findings of a stable order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
