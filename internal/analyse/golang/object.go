package golang

import (
	"crypto/sha256"
	"go/ast"
	"go/token"
	"slices"
)

// object is a declaration of a package that others can come to depend on:
// itself, or through what it mentions.
type object struct {
	name string
	kind string // func, method, type, field, const, var
	sum  sum    // of what others see of it
	refs []string
	// owner is the type of a field or method, "" otherwise.
	owner string
	// unsure is true where the sum is of an expression whose type syntax does
	// not tell: another sum need not be another type.
	unsure bool
}

// full is the name by which a finding calls the object.
func (o object) full() string {
	if o.owner != "" {
		return o.owner + "." + o.name
	}
	return o.name
}

// exported reports whether the object can be named from another package.
func (o object) exported() bool {
	return token.IsExported(o.name) && (o.owner == "" || token.IsExported(o.owner))
}

// api collects the objects of a file.
//
// Go lets one type or value stand for many names, so spelling each out can
// take quadratic room: it is given up past a multiple of the file's size.
func (r *reading) api(file *ast.File, from int) {
	r.budget = 4*from + 1<<16
	r.limit = from + r.budget
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			r.funcObject(d, from)
		case *ast.GenDecl:
			switch d.Tok {
			case token.CONST:
				r.constObjects(d, from)
			case token.VAR:
				r.varObjects(d, from)
			case token.TYPE:
				for _, s := range d.Specs {
					r.typeObjects(s.(*ast.TypeSpec), from)
				}
			}
		}
	}
}

// object adds one whose seen part is what write spells out.
func (r *reading) object(o object, from int, write func()) {
	if o.name == "_" || r.unread != "" {
		return
	}
	r.w.buf = r.w.buf[:from]
	r.w.seen = r.w.seen[:0]
	r.refs = r.refs[:0]
	r.w.refs = &r.refs
	// Signatures are spelled a second time: what they use is counted already.
	counted := r.w.uses
	r.w.uses = &uses{}
	write()
	r.w.uses, r.w.refs = counted, nil
	r.context(r.w.seen)
	r.w.text(r.builds)
	if r.spent += len(r.w.buf) - from; r.spent > r.budget {
		r.unread = "its declarations repeat long expressions too often"
		r.objects = nil
		return
	}
	if len(r.objects) == maxObjects {
		r.unread = "it declares more than 50,000 names"
		r.objects = nil
		return
	}
	o.sum = sha256.Sum256(r.w.buf[from:])
	slices.Sort(r.refs)
	o.refs = slices.Clone(slices.Compact(r.refs))
	r.objects = append(r.objects, o)
}

func (r *reading) funcObject(d *ast.FuncDecl, from int) {
	o := object{name: d.Name.Name, kind: "func"}
	if d.Recv != nil && len(d.Recv.List) > 0 {
		if !token.IsExported(d.Name.Name) {
			return // only its own package can call it
		}
		o.kind, o.owner = "method", receiver(d)
	}
	if o.name == "init" || o.name == "main" {
		return
	}
	r.object(o, from, func() {
		r.w.op(function)
		if o.owner != "" {
			_, pointer := ast.Unparen(d.Recv.List[0].Type).(*ast.StarExpr)
			r.w.flag(pointer)
		}
		r.signature(d.Type)
	})
}

// signature writes a function's type without the names of its parameters.
func (r *reading) signature(t *ast.FuncType) {
	r.w.op(signature)
	r.w.fields(t.TypeParams)
	r.types(t.Params)
	r.types(t.Results)
}

func (r *reading) types(l *ast.FieldList) {
	if l == nil {
		r.w.count(0)
		return
	}
	r.w.count(l.NumFields())
	for _, f := range l.List {
		for range max(1, len(f.Names)) {
			if len(r.w.buf) > r.limit {
				return
			}
			r.typeExpr(f.Type)
		}
	}
}

// typeExpr writes a type; function types lose the names of parameters.
func (r *reading) typeExpr(x ast.Expr) {
	if f, ok := ast.Unparen(x).(*ast.FuncType); ok {
		r.signature(f)
		return
	}
	r.w.expr(x)
}

func (r *reading) constObjects(d *ast.GenDecl, from int) {
	var last *ast.ValueSpec
	for i, s := range d.Specs {
		spec := s.(*ast.ValueSpec)
		if len(spec.Values) > 0 || spec.Type != nil || last == nil {
			last = spec
		}
		for j, n := range spec.Names {
			r.object(object{name: n.Name, kind: "const"}, from, func() {
				r.w.op(byte(token.CONST))
				r.w.expr(last.Type)
				if j < len(last.Values) {
					r.w.expr(last.Values[j])
				}
				if slices.Contains(*r.w.refs, "iota") {
					r.w.count(i)
				}
			})
		}
	}
}

func (r *reading) varObjects(d *ast.GenDecl, from int) {
	for _, s := range d.Specs {
		spec := s.(*ast.ValueSpec)
		for j, n := range spec.Names {
			o := object{name: n.Name, kind: "var"}
			var value ast.Expr
			switch {
			case spec.Type != nil:
			case len(spec.Values) == len(spec.Names):
				value = spec.Values[j]
			case len(spec.Values) == 1:
				value = spec.Values[0]
			}
			o.unsure = spec.Type == nil && !typed(value)
			r.object(o, from, func() {
				r.w.op(byte(token.VAR))
				if spec.Type != nil {
					r.typeExpr(spec.Type)
					return
				}
				r.inferred(value)
				if len(spec.Values) != len(spec.Names) {
					r.w.count(j) // of a call's results
				}
			})
		}
	}
}

// typed reports whether the expression's own syntax says its type.
func typed(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.BasicLit, *ast.FuncLit:
		return true
	case *ast.CompositeLit:
		return x.Type != nil
	case *ast.UnaryExpr:
		return (x.Op == token.AND || x.Op == token.SUB || x.Op == token.ADD) && typed(x.X)
	case *ast.CallExpr:
		id, ok := x.Fun.(*ast.Ident)
		return ok && (id.Name == "make" || id.Name == "new") && len(x.Args) > 0
	case *ast.TypeAssertExpr:
		return true
	}
	return false
}

// inferred writes what the type of an expression depends on.
func (r *reading) inferred(x ast.Expr) {
	switch x := ast.Unparen(x).(type) {
	case *ast.BasicLit:
		r.w.op(literal)
		r.w.op(byte(x.Kind))
	case *ast.FuncLit:
		r.signature(x.Type)
	case *ast.CompositeLit:
		r.w.expr(x.Type)
	case *ast.UnaryExpr:
		r.w.op(byte(x.Op))
		r.inferred(x.X)
	case *ast.TypeAssertExpr:
		r.w.expr(x.Type)
	case *ast.CallExpr:
		r.w.op(call)
		if id, ok := x.Fun.(*ast.Ident); ok && (id.Name == "make" || id.Name == "new") && len(x.Args) > 0 {
			r.w.op(id.Name[0])
			r.typeExpr(x.Args[0])
			return
		}
		r.w.expr(x.Fun)
		for _, a := range x.Args { // of a generic function, they decide
			r.inferred(a)
		}
	default:
		r.w.expr(x)
	}
}

func (r *reading) typeObjects(s *ast.TypeSpec, from int) {
	r.object(object{name: s.Name.Name, kind: "type"}, from, func() {
		r.w.op(byte(token.TYPE))
		r.w.flag(s.Assign.IsValid())
		r.w.fields(s.TypeParams)
		switch t := ast.Unparen(s.Type).(type) {
		case *ast.StructType:
			r.w.op(structure)
			for _, f := range t.Fields.List {
				// An embedded type lends all that it has.
				if len(f.Names) == 0 {
					r.w.expr(f.Type)
				}
			}
		case *ast.InterfaceType:
			r.w.op(iface)
			for _, m := range t.Methods.List {
				if len(m.Names) == 0 {
					r.w.expr(m.Type)
				} else if !token.IsExported(m.Names[0].Name) {
					r.w.ident(m.Names[0]) // nobody else can implement it
				}
			}
		default:
			r.typeExpr(s.Type)
		}
	})
	var fields *ast.FieldList
	kind := "field"
	switch t := ast.Unparen(s.Type).(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields, kind = t.Methods, "method"
	default:
		return
	}
	for _, f := range fields.List {
		names := f.Names
		if len(names) == 0 && kind == "field" {
			names = []*ast.Ident{{Name: typeName(f.Type)}}
		}
		for _, n := range names {
			if !token.IsExported(n.Name) {
				continue
			}
			r.object(object{name: n.Name, kind: kind, owner: s.Name.Name}, from, func() {
				r.w.op(field)
				r.w.flag(len(f.Names) == 0)
				r.typeExpr(f.Type)
				r.w.literal(f.Tag)
			})
		}
	}
}

// typeName is the name of a type that a method has or a struct embeds, less
// pointers, arguments and its package; "_" where it has none.
func typeName(x ast.Expr) string {
	for {
		switch t := x.(type) {
		case *ast.ParenExpr:
			x = t.X
		case *ast.StarExpr:
			x = t.X
		case *ast.IndexExpr:
			x = t.X
		case *ast.IndexListExpr:
			x = t.X
		case *ast.SelectorExpr:
			return t.Sel.Name
		case *ast.Ident:
			return t.Name
		default:
			return "_"
		}
	}
}
