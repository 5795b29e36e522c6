package golang

import (
	"go/ast"
	"go/token"
	"strings"
)

// A writer spells syntax trees out in a form in which two trees are equal
// exactly when they say the same, without positions, comments, and what gofmt
// may change: parentheses that only group, empty statements, the case of a
// number's letters. It notes on its way what the code uses.
type writer struct {
	buf []byte
	// imports maps the name of each import to its path; seen are the names
	// that the present declaration mentions.
	imports map[string]string
	seen    []string
	// refs collects the names that a signature mentions, where it is not nil.
	refs *[]string
	uses *uses
}

// The first byte of what is spelled out. A token.Token stands for itself.
const (
	nothing = 200 + iota
	list
	name
	literal
	composite
	function
	selector
	index
	indexList
	slice
	assertion
	call
	star
	unary
	binary
	keyValue
	array
	structure
	signature
	iface
	mapping
	channel
	ellipsis
	field
	block
	simple
	generic
	bad
)

func (w *writer) op(b byte) { w.buf = append(w.buf, b) }

func (w *writer) flag(is bool) {
	if is {
		w.op(1)
	} else {
		w.op(0)
	}
}

// text writes s with its length, so that no two sequences of texts are alike.
func (w *writer) text(s string) {
	w.count(len(s))
	w.buf = append(w.buf, s...)
}

func (w *writer) count(n int) {
	w.buf = append(w.buf, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

func (w *writer) ident(id *ast.Ident) {
	if id == nil {
		w.op(nothing)
		return
	}
	w.op(name)
	w.text(id.Name)
	if _, is := w.imports[id.Name]; is {
		w.mention(id.Name)
	}
	if w.refs != nil {
		*w.refs = append(*w.refs, id.Name)
	}
}

func (w *writer) mention(imported string) {
	for _, s := range w.seen {
		if s == imported {
			return
		}
	}
	w.seen = append(w.seen, imported)
}

func (w *writer) literal(l *ast.BasicLit) {
	if l == nil {
		w.op(nothing)
		return
	}
	w.op(literal)
	w.op(byte(l.Kind))
	switch l.Kind {
	case token.INT, token.FLOAT:
		w.text(strings.ToLower(l.Value))
	case token.IMAG:
		v := strings.ToLower(l.Value)
		if len(v) < 2 || v[0] != '0' || v[1] < 'a' {
			v = strings.TrimLeft(v, "0_")
		}
		w.text(v)
	default:
		w.text(l.Value)
	}
}

func (w *writer) exprs(xs []ast.Expr) {
	w.op(list)
	w.count(len(xs))
	for _, x := range xs {
		w.expr(x)
	}
}

func (w *writer) expr(x ast.Expr) {
	switch x := x.(type) {
	case nil:
		w.op(nothing)
	case *ast.Ident:
		w.ident(x)
	case *ast.BasicLit:
		w.literal(x)
	case *ast.ParenExpr:
		w.expr(x.X)
	case *ast.SelectorExpr:
		w.op(selector)
		w.expr(x.X)
		w.text(x.Sel.Name)
		w.uses.selector(w.imports, x)
	case *ast.CallExpr:
		w.op(call)
		w.expr(x.Fun)
		w.exprs(x.Args)
		w.flag(x.Ellipsis.IsValid())
		w.uses.call(w.imports, x)
	case *ast.CompositeLit:
		w.op(composite)
		w.expr(x.Type)
		w.exprs(x.Elts)
	case *ast.FuncLit:
		w.op(function)
		w.funcType(x.Type)
		w.block(x.Body)
	case *ast.IndexExpr:
		w.op(index)
		w.expr(x.X)
		w.expr(x.Index)
	case *ast.IndexListExpr:
		w.op(indexList)
		w.expr(x.X)
		w.exprs(x.Indices)
	case *ast.SliceExpr:
		w.op(slice)
		w.expr(x.X)
		w.expr(x.Low)
		w.expr(x.High)
		w.expr(x.Max)
		w.flag(x.Slice3)
	case *ast.TypeAssertExpr:
		w.op(assertion)
		w.expr(x.X)
		w.expr(x.Type)
	case *ast.StarExpr:
		w.op(star)
		w.expr(x.X)
	case *ast.UnaryExpr:
		w.op(unary)
		w.op(byte(x.Op))
		w.expr(x.X)
	case *ast.BinaryExpr:
		w.op(binary)
		w.op(byte(x.Op))
		w.expr(x.X)
		w.expr(x.Y)
	case *ast.KeyValueExpr:
		w.op(keyValue)
		w.expr(x.Key)
		w.expr(x.Value)
	case *ast.ArrayType:
		w.op(array)
		w.expr(x.Len)
		w.expr(x.Elt)
	case *ast.StructType:
		w.op(structure)
		w.fields(x.Fields)
	case *ast.FuncType:
		w.funcType(x)
	case *ast.InterfaceType:
		w.op(iface)
		w.fields(x.Methods)
	case *ast.MapType:
		w.op(mapping)
		w.expr(x.Key)
		w.expr(x.Value)
	case *ast.ChanType:
		w.op(channel)
		w.op(byte(x.Dir))
		w.expr(x.Value)
	case *ast.Ellipsis:
		w.op(ellipsis)
		w.expr(x.Elt)
	default:
		w.op(bad)
	}
}

func (w *writer) funcType(t *ast.FuncType) {
	w.op(signature)
	w.fields(t.TypeParams)
	w.fields(t.Params)
	w.fields(t.Results)
}

func (w *writer) fields(l *ast.FieldList) {
	if l == nil || len(l.List) == 0 {
		w.op(nothing)
		return
	}
	w.op(list)
	w.count(len(l.List))
	for _, f := range l.List {
		w.op(field)
		w.count(len(f.Names))
		for _, n := range f.Names {
			w.ident(n)
		}
		w.expr(f.Type)
		w.literal(f.Tag)
	}
}

func (w *writer) block(b *ast.BlockStmt) {
	if b == nil {
		w.op(nothing)
		return
	}
	w.stmts(b.List)
}

func (w *writer) stmts(l []ast.Stmt) {
	w.op(block)
	for _, s := range l {
		if _, empty := s.(*ast.EmptyStmt); !empty {
			w.stmt(s)
		}
	}
	w.op(nothing)
}

func (w *writer) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case nil:
		w.op(nothing)
	case *ast.ExprStmt:
		w.op(simple)
		w.expr(s.X)
	case *ast.AssignStmt:
		w.op(byte(token.ASSIGN))
		w.op(byte(s.Tok))
		w.exprs(s.Lhs)
		w.exprs(s.Rhs)
		w.uses.assign(w.imports, s)
	case *ast.DeclStmt:
		w.op(generic)
		if d, ok := s.Decl.(*ast.GenDecl); ok {
			w.genDecl(d)
		} else {
			w.op(bad)
		}
	case *ast.BlockStmt:
		w.block(s)
	case *ast.BranchStmt:
		w.op(byte(s.Tok))
		w.ident(s.Label)
	case *ast.CaseClause:
		w.op(byte(token.CASE))
		w.flag(s.List == nil)
		w.exprs(s.List)
		w.stmts(s.Body)
	case *ast.CommClause:
		w.op(byte(token.SELECT))
		w.stmt(s.Comm)
		w.stmts(s.Body)
	case *ast.DeferStmt:
		w.op(byte(token.DEFER))
		w.expr(s.Call)
	case *ast.EmptyStmt:
		w.op(byte(token.SEMICOLON))
	case *ast.ForStmt:
		w.op(byte(token.FOR))
		w.stmt(s.Init)
		w.expr(s.Cond)
		w.stmt(s.Post)
		w.block(s.Body)
	case *ast.GoStmt:
		w.op(byte(token.GO))
		w.expr(s.Call)
	case *ast.IfStmt:
		w.op(byte(token.IF))
		w.stmt(s.Init)
		w.expr(s.Cond)
		w.block(s.Body)
		w.stmt(s.Else)
	case *ast.IncDecStmt:
		w.op(byte(s.Tok))
		w.expr(s.X)
	case *ast.LabeledStmt:
		w.op(byte(token.GOTO))
		w.op(byte(token.COLON))
		w.ident(s.Label)
		w.stmt(s.Stmt)
	case *ast.RangeStmt:
		w.op(byte(token.RANGE))
		w.op(byte(s.Tok))
		w.expr(s.Key)
		w.expr(s.Value)
		w.expr(s.X)
		w.block(s.Body)
	case *ast.ReturnStmt:
		w.op(byte(token.RETURN))
		w.exprs(s.Results)
	case *ast.SelectStmt:
		w.op(byte(token.SELECT))
		w.op(byte(token.LBRACE))
		w.block(s.Body)
	case *ast.SendStmt:
		w.op(byte(token.ARROW))
		w.expr(s.Chan)
		w.expr(s.Value)
	case *ast.SwitchStmt:
		w.op(byte(token.SWITCH))
		w.stmt(s.Init)
		w.expr(s.Tag)
		w.block(s.Body)
	case *ast.TypeSwitchStmt:
		w.op(byte(token.SWITCH))
		w.op(byte(token.TYPE))
		w.stmt(s.Init)
		w.stmt(s.Assign)
		w.block(s.Body)
	default:
		w.op(bad)
	}
}

// genDecl writes a declaration of constants, variables or types.
func (w *writer) genDecl(d *ast.GenDecl) {
	w.op(byte(d.Tok))
	w.count(len(d.Specs))
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.ValueSpec:
			w.valueSpec(s)
		case *ast.TypeSpec:
			w.typeSpec(s)
		default:
			w.op(bad)
		}
	}
}

func (w *writer) valueSpec(s *ast.ValueSpec) {
	w.count(len(s.Names))
	for _, n := range s.Names {
		w.ident(n)
	}
	w.expr(s.Type)
	w.exprs(s.Values)
	w.uses.values(w.imports, s)
}

func (w *writer) typeSpec(s *ast.TypeSpec) {
	w.ident(s.Name)
	w.fields(s.TypeParams)
	w.flag(s.Assign.IsValid()) // an alias
	w.expr(s.Type)
}

func (w *writer) funcDecl(d *ast.FuncDecl) {
	w.op(byte(token.FUNC))
	w.fields(d.Recv)
	w.ident(d.Name)
	w.funcType(d.Type)
	w.uses.function()
	w.block(d.Body)
}
