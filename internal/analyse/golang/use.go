package golang

import (
	"go/ast"
	"go/token"
	"strings"
)

// The uses that are no package's path.
const (
	useServer   = "net/http server"
	useSQL      = "sql string"
	useCgo      = "cgo"
	useLinkname = "go:linkname"
)

// guarded reports whether using the package at all is of interest to a
// security review.
func guarded(imported string) bool {
	switch imported {
	case "os/exec", "unsafe", "plugin", "syscall", "crypto", "golang.org/x/sys/unix", "golang.org/x/sys/windows":
		return true
	}
	return strings.HasPrefix(imported, "crypto/") || strings.HasPrefix(imported, "golang.org/x/crypto/")
}

// servers are what of net/http makes a program listen or answer.
var servers = map[string]bool{
	"ListenAndServe": true, "ListenAndServeTLS": true, "Serve": true, "ServeTLS": true,
	"Server": true, "Handle": true, "HandleFunc": true,
}

// listeners are methods of http.Server, whose receiver's type syntax does not
// tell.
var listeners = map[string]bool{"ListenAndServe": true, "ListenAndServeTLS": true}

// queries are methods of database/sql, and of what is shaped after it, that
// take a statement as their first argument, or the second after a context.
var queries = map[string]bool{
	"Exec": true, "ExecContext": true, "MustExec": true, "MustExecContext": true,
	"Query": true, "QueryContext": true, "QueryRow": true, "QueryRowContext": true,
	"Queryx": true, "QueryxContext": true, "QueryRowx": true, "QueryRowxContext": true,
	"Prepare": true, "PrepareContext": true, "Preparex": true, "PreparexContext": true,
	"Raw": true, "NamedExec": true, "NamedQuery": true,
}

// useKey is one way in which a file uses something of interest.
type useKey struct{ what, member string }

// uses counts what one file uses, as the writer comes across it.
type uses struct {
	counts map[useKey]int
	consts map[string]bool // names of the file's constants
	built  map[string]bool // variables of this function that hold a built string
}

func (u *uses) add(what, member string) {
	if u.counts == nil {
		u.counts = map[useKey]int{}
	}
	u.counts[useKey{what, member}]++
}

func (u *uses) function() { clear(u.built) }

func (u *uses) selector(imports map[string]string, x *ast.SelectorExpr) {
	id, ok := x.X.(*ast.Ident)
	if !ok {
		return
	}
	imported, ok := imports[id.Name]
	switch {
	case !ok:
	case imported == "net/http":
		if servers[x.Sel.Name] {
			u.add(useServer, x.Sel.Name)
		}
	case guarded(imported):
		u.add(imported, x.Sel.Name)
	}
}

func (u *uses) call(imports map[string]string, x *ast.CallExpr) {
	method, ok := x.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	if id, ok := method.X.(*ast.Ident); !ok || imports[id.Name] == "" {
		if listeners[method.Sel.Name] {
			u.add(useServer, method.Sel.Name)
		}
		if queries[method.Sel.Name] {
			for _, arg := range x.Args[:min(2, len(x.Args))] {
				if u.isBuilt(imports, arg) {
					u.add(useSQL, method.Sel.Name)
					break
				}
			}
		}
	}
}

// isBuilt reports whether x is a string put together at run time, as far as
// this function's own statements tell.
func (u *uses) isBuilt(imports map[string]string, x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return u.isBuilt(imports, x.X)
	case *ast.Ident:
		return u.built[x.Name]
	case *ast.BinaryExpr:
		if x.Op != token.ADD {
			return false
		}
		text, fixed := u.sum(x)
		return text && !fixed || u.anyBuilt(imports, x)
	case *ast.CallExpr:
		fun, ok := x.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		id, ok := fun.X.(*ast.Ident)
		if !ok {
			return false
		}
		switch imports[id.Name] {
		case "fmt":
			return strings.HasPrefix(fun.Sel.Name, "Sprint") && !u.fixed(x.Args)
		case "strings":
			switch fun.Sel.Name {
			case "Join", "Replace", "ReplaceAll", "Repeat", "Map":
				return !u.fixed(x.Args)
			}
		case "":
			return fun.Sel.Name == "String" && u.built[id.Name]
		}
	}
	return false
}

// sum reports whether a sum has text among its operands, and whether all of
// them are constants. A left-leaning sum is walked without recursion.
func (u *uses) sum(x *ast.BinaryExpr) (text, fixed bool) {
	fixed = true
	look := func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BasicLit:
			text = text || e.Kind == token.STRING
		case *ast.Ident:
			fixed = fixed && u.consts[e.Name]
		default:
			fixed = false
		}
	}
	for {
		look(x.Y)
		left, ok := x.X.(*ast.BinaryExpr)
		if !ok || left.Op != token.ADD {
			look(x.X)
			return text, fixed
		}
		x = left
	}
}

func (u *uses) anyBuilt(imports map[string]string, x *ast.BinaryExpr) bool {
	for {
		if _, deeper := x.Y.(*ast.BinaryExpr); !deeper && u.isBuilt(imports, x.Y) {
			return true
		}
		left, ok := x.X.(*ast.BinaryExpr)
		if !ok || left.Op != token.ADD {
			return !ok && u.isBuilt(imports, x.X)
		}
		x = left
	}
}

func (u *uses) fixed(args []ast.Expr) bool {
	for _, a := range args {
		switch a := a.(type) {
		case *ast.BasicLit:
		case *ast.Ident:
			if !u.consts[a.Name] {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// assign notes which variables hold a built string from here on.
func (u *uses) assign(imports map[string]string, s *ast.AssignStmt) {
	if len(s.Lhs) != len(s.Rhs) {
		return
	}
	for i, l := range s.Lhs {
		id, ok := l.(*ast.Ident)
		if !ok {
			continue
		}
		if s.Tok == token.ADD_ASSIGN {
			if !u.fixed(s.Rhs) || u.built[id.Name] {
				u.mark(id.Name)
			}
		} else if u.isBuilt(imports, s.Rhs[i]) || builder(imports, s.Rhs[i]) {
			u.mark(id.Name)
		}
	}
}

// values does the same for var declarations; a strings.Builder builds.
func (u *uses) values(imports map[string]string, s *ast.ValueSpec) {
	for i, n := range s.Names {
		if i < len(s.Values) && (u.isBuilt(imports, s.Values[i]) || builder(imports, s.Values[i])) || builder(imports, s.Type) {
			u.mark(n.Name)
		}
	}
}

func builder(imports map[string]string, x ast.Expr) bool {
	switch t := x.(type) {
	case *ast.UnaryExpr:
		return t.Op == token.AND && builder(imports, t.X)
	case *ast.CompositeLit:
		return builder(imports, t.Type)
	case *ast.SelectorExpr:
		id, ok := t.X.(*ast.Ident)
		return ok && (imports[id.Name] == "strings" && t.Sel.Name == "Builder" || imports[id.Name] == "bytes" && t.Sel.Name == "Buffer")
	}
	return false
}

func (u *uses) mark(name string) {
	if u.built == nil {
		u.built = map[string]bool{}
	}
	u.built[name] = true
}
