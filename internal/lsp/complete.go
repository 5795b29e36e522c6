package lsp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// complete lists what can stand at a place.
func (s *server) complete(d *document, offset int) []completionItem {
	c := d.at(offset)
	w := &offers{server: s, cursor: c, doc: d}
	switch {
	case d.tests(): // whose words are the tests' own
	case c.text:
		w.insideText()
	case c.arg == nil:
		w.statements()
	case c.expression(s.schema):
		w.expression()
	default:
		w.literal()
	}
	return w.items
}

// offers collects items.
type offers struct {
	*server
	cursor
	doc   *document
	items []completionItem
}

// add offers text in the place of the word at the cursor.
func (w *offers) add(kind itemKind, label, text, detail, doc, extra string) {
	from := w.doc.wordStart(w.offset, extra)
	item := completionItem{Label: label, Kind: kind, Detail: detail, InsertTextFormat: 1, SortText: fmt.Sprintf("%03d", len(w.items))}
	if doc != "" {
		item.Documentation = markdown(doc)
	}
	if strings.Contains(text, "$") {
		if w.snippets {
			item.InsertTextFormat = 2
		} else {
			text = plainText(text)
		}
	}
	item.TextEdit = &textEdit{w.doc.span(from, w.offset), text}
	w.items = append(w.items, item)
}

// plainText is a snippet without its places to fill in.
func plainText(s string) string {
	for i := range 9 {
		s = strings.ReplaceAll(s, fmt.Sprintf("$%d", i), "")
	}
	return s
}

// statements offers arguments and blocks.
func (w *offers) statements() {
	if len(w.header) > 1 { // behind a block's name
		return
	}
	var args map[string]bool
	var blocks []string
	if w.block == nil {
		for _, b := range w.schema.Blocks {
			blocks = append(blocks, b.Name)
		}
	} else {
		b, ok := w.schema.Block(w.block.name)
		if !ok {
			return
		}
		args = map[string]bool{}
		for _, a := range w.block.args {
			args[a.name] = true
		}
		for _, at := range w.doc.index.blocks { // what stands behind the cursor, too
			if at.start == w.block.start {
				for _, a := range at.args {
					args[a.name] = true
				}
			}
		}
		for _, a := range b.Args {
			if !args[a.Name] {
				w.add(itemProperty, a.Name, a.Name+" = "+start(a.Shape), a.Shape, argumentDoc(a), "-")
			}
		}
		blocks = b.Blocks
	}
	for _, name := range blocks {
		b, _ := w.schema.Block(name)
		text := name + " {\n  $0\n}"
		switch {
		case b.Label == "ROLE":
			text = name + " \"$1\" {}"
		case b.Label != "":
			text = name + " \"$1\" {\n  $0\n}"
		}
		w.add(itemBlock, name, text, "block", b.Doc, "-")
	}
}

// start is how a value of a shape begins.
func start(shape string) string {
	switch {
	case strings.HasPrefix(shape, "list of"):
		return `["$0"]`
	case shape == "list", shape == "condition", shape == "number", shape == "true or false":
		return "$0"
	case strings.HasPrefix(shape, "map of"), shape == "working hours":
		return "{ $0 }"
	}
	return `"$0"`
}

// insideText offers what a text can be.
func (w *offers) insideText() {
	if w.takesRole(w.schema) {
		w.roles("")
		return
	}
	if w.arg == nil || w.block == nil || w.call != "" {
		return
	}
	for _, v := range w.values() {
		w.add(itemValue, v, v, "", "", "-")
	}
}

// values are the texts that the argument's value may be or hold.
func (w *offers) values() []string {
	if w.key == "days" && w.arg.name == "hours" {
		return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	}
	b, _ := w.schema.Block(w.block.name)
	a, _ := b.Argument(w.arg.name)
	return a.Values
}

// roles offers the roles of the file, in quotes where they need any.
func (w *offers) roles(quote string) {
	for _, r := range w.doc.index.top("role") {
		if r.label != "" {
			w.add(itemRole, r.label, quote+r.label+quote, "role", w.roleDoc(w.doc, r), "-")
		}
	}
}

// literal offers plain values.
func (w *offers) literal() {
	if w.block == nil {
		return
	}
	if w.takesRole(w.schema) {
		w.roles(`"`)
		return
	}
	b, _ := w.schema.Block(w.block.name)
	a, ok := b.Argument(w.arg.name)
	switch {
	case !ok:
	case a.Shape == "true or false":
		w.add(itemValue, "true", "true", "", "", "")
		w.add(itemValue, "false", "false", "", "", "")
	case w.arg.name == "hours" && w.key == "":
		for _, k := range []string{"timezone", "days", "from", "to", "holidays"} {
			w.add(itemProperty, k, k+" = ", "", "", "")
		}
	default:
		for _, v := range w.values() {
			w.add(itemValue, `"`+v+`"`, `"`+v+`"`, "", "", `"-`)
		}
	}
}

// expression offers names, attributes, locals, functions and loop variables.
func (w *offers) expression() {
	from := w.doc.wordStart(w.offset, ".")
	path := w.doc.text[from:w.offset]
	if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
		w.members(path[:dot])
		return
	}
	if before := w.arg.value; len(before) > 0 && before[len(before)-1].Type == hclsyntax.TokenOBrack {
		w.add(itemKeyword, "for", "for ${1:x} in $2 : $1 if $0", "go through a list", "`[for x in LIST : x if CONDITION]` keeps the elements for which the condition holds, or cannot be told.", "")
	}
	seen := map[string]bool{}
	for i := len(w.loops) - 1; i >= 0; i-- {
		name := w.loops[i].variable
		if kind, _ := w.variable(w.schema, name); !seen[name] {
			w.add(itemVariable, name, name, elementOf(kind), "", "")
		}
		seen[name] = true
	}
	for _, n := range w.schema.Names {
		root, member, below := strings.Cut(n.Path, ".")
		if !below {
			w.add(itemVariable, root, root, n.Type, nameDoc(n), "")
			seen[root] = true
		} else if !seen[root] && member != "" {
			seen[root] = true
			if !slices.ContainsFunc(w.schema.Names, func(o namesOf) bool { return o.Path == root }) {
				w.add(itemModule, root, root, "names", "", "")
			}
		}
	}
	if len(w.doc.index.top("locals")) > 0 {
		w.add(itemModule, "local", "local", "values of locals blocks", "", "")
	}
	for _, f := range w.schema.Functions {
		w.add(itemFunction, f.Name, f.Name+"($0)", f.Use+": "+f.Type, functionDoc(f), "")
	}
	if w.arg.name == "when" {
		w.add(itemValue, "true", "true", "", "", "")
		w.add(itemValue, "false", "false", "", "", "")
	}
}

// members offers what can stand after a dot.
func (w *offers) members(path string) {
	if path == "local" {
		names := map[string]string{}
		for _, b := range w.doc.index.top("locals") {
			for _, a := range b.args {
				names[a.name] = w.doc.index.valueText(a)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			w.add(itemVariable, name, name, "local", code(names[name]), "")
		}
		return
	}
	if kind, ok := w.variable(w.schema, path); ok {
		for _, a := range w.schema.Elements(kind) {
			w.add(itemField, a.Name, a.Name, a.Type, a.Doc, "")
		}
		return
	}
	for _, n := range w.schema.Names {
		if member, ok := strings.CutPrefix(n.Path, path+"."); ok {
			w.add(itemVariable, member, member, n.Type, nameDoc(n), "")
		}
	}
}
