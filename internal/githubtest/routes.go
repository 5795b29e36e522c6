package githubtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route finds the operation of a path: of several that match, the one whose
// fixed parts come first. Parts are told apart before they are unescaped, so
// that a branch's name may hold an escaped slash. (http.ServeMux refuses some
// of GitHub's paths beside each other.)
func (s *Server) route(r *http.Request) *operation {
	path := r.URL.EscapedPath()
	if r.Method == http.MethodPost && path == s.graphQLPath() {
		return graphQLOperation
	}
	path, inside := strings.CutPrefix(path, s.o.Prefix+"/")
	if !inside {
		return nil
	}
	parts := strings.Split(path, "/")
	var best *operation
	var bestFixed []bool
	for i := range operations {
		op := &operations[i]
		method, pattern, _ := strings.Cut(op.route, " /")
		if method != r.Method {
			continue
		}
		fixed, ok := match(strings.Split(pattern, "/"), parts)
		if !ok {
			continue
		}
		if best == nil || slices.CompareFunc(fixed, bestFixed, func(a, b bool) int {
			switch {
			case a == b:
				return 0
			case a:
				return 1
			}
			return -1
		}) > 0 {
			best, bestFixed = op, fixed
		}
	}
	if best == nil {
		return nil
	}
	_, pattern, _ := strings.Cut(best.route, " /")
	for i, p := range strings.Split(pattern, "/") {
		if !strings.HasPrefix(p, "{") {
			continue
		}
		name, rest := strings.CutSuffix(strings.Trim(p, "{}"), "...")
		values := parts[i : i+1]
		if rest {
			values = parts[i:]
		}
		var out []string
		for _, v := range values {
			plain, err := url.PathUnescape(v)
			if err != nil {
				return nil
			}
			out = append(out, plain)
		}
		r.SetPathValue(name, strings.Join(out, "/"))
	}
	return best
}

// match tells whether a pattern's parts match a path's, and which are fixed.
func match(pattern, parts []string) (fixed []bool, ok bool) {
	for i, p := range pattern {
		if i >= len(parts) {
			return nil, false
		}
		if strings.HasSuffix(p, "...}") {
			return append(fixed, false), true
		}
		variable := strings.HasPrefix(p, "{")
		if !variable && p != parts[i] || parts[i] == "" {
			return nil, false
		}
		fixed = append(fixed, !variable)
	}
	return fixed, len(pattern) == len(parts)
}
