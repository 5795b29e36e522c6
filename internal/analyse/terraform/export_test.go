package terraform

import (
	"reflect"

	"github.com/google/go-cmp/cmp"
)

// InPartsDiffers says how a file that is parsed in parts differs from the same
// file parsed as a whole; parts is false where it is not parsed in parts.
func InPartsDiffers(m *Memory, src []byte) (diff string, parts bool) {
	if text(src) != "" {
		return "", false
	}
	p, parts := m.inParts(src, "}")
	if !parts {
		if p, parts = m.block(src); !parts {
			return "", false
		}
	}
	whole := parse(src)
	if whole.why != "" {
		return "as a whole it does not parse: " + whole.why, true
	}
	want, got := spelled(&whole.body), spelled(&p.body)
	if reflect.DeepEqual(want, got) { // a difference is costly to tell
		return "", true
	}
	return cmp.Diff(want, got), true
}

// spelled is all that a body holds.
func spelled(b *body) any {
	type arg struct {
		Name, Canon string
		Value       any
	}
	type blk struct {
		Kind   string
		Labels []string
		Canon  string
		Body   any
	}
	var args []arg
	for _, a := range b.args {
		args = append(args, arg{a.name, a.canon, show(a.value, true)})
	}
	var blocks []blk
	for _, n := range b.blocks {
		blocks = append(blocks, blk{n.kind, n.labels, n.canon, spelled(&n.body)})
	}
	return []any{args, blocks}
}
