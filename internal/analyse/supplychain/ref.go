package supplychain

import (
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/rolecall/rolecall/policy/fact"
)

// ref is a reference to an action, a reusable workflow or a container image.
type ref struct {
	ecosystem string // "actions", "docker"; "" for one in the repository itself
	name      string
	version   string // git ref, or tag and digest
	pinned    bool   // to a commit or a digest
	dynamic   bool   // computed by an expression
}

// readRef reads the value of uses, or an image as "docker://IMAGE".
// Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses
func readRef(text string) ref {
	text = strings.TrimSpace(text)
	if image, ok := strings.CutPrefix(text, "docker://"); ok {
		return readImage(image)
	}
	if strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") || text == "." {
		return ref{dynamic: strings.Contains(text, "${{")}
	}
	name, version, _ := strings.Cut(text, "@")
	return ref{
		ecosystem: "actions", name: strings.ToLower(name), version: version,
		pinned:  isHex(version, 40) || isHex(version, 64),
		dynamic: strings.Contains(text, "${{"),
	}
}

// readImage reads [registry/]name[:tag][@digest].
func readImage(image string) ref {
	r := ref{ecosystem: "docker", name: image, dynamic: strings.Contains(image, "${{") || strings.Contains(image, "$")}
	if r.dynamic {
		return r
	}
	name, digest, pinned := strings.Cut(image, "@")
	// A colon before a slash is a port.
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, r.version = name[:i], name[i+1:]
	}
	if pinned {
		algorithm, sum, _ := strings.Cut(digest, ":")
		r.pinned = algorithm == "sha256" && isHex(sum, 64)
		if r.version != "" {
			r.version += "@"
		}
		r.version += digest
	}
	r.name = name
	return r
}

func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// compareRefs tells which dependencies two versions' references add, remove
// and change, which references are new and not pinned, and which are computed
// anew and so cannot be told.
func compareRefs(was, is []string) (all []fact.Dependency, unpinned, dynamic []string) {
	type key struct{ ecosystem, name string }
	collect := func(texts []string) (map[key][]string, map[string]bool) {
		by, raw := map[key][]string{}, map[string]bool{}
		for _, t := range texts {
			raw[t] = true
			if r := readRef(t); r.ecosystem != "" {
				k := key{r.ecosystem, r.name}
				by[k] = append(by[k], r.version)
			}
		}
		for k, versions := range by {
			slices.Sort(versions)
			by[k] = slices.Compact(versions)
		}
		return by, raw
	}
	before, rawBefore := collect(was)
	after, rawAfter := collect(is)
	for t := range rawAfter {
		if rawBefore[t] {
			continue
		}
		r := readRef(t)
		if r.dynamic {
			dynamic = append(dynamic, t)
		}
		if r.ecosystem != "" && !r.pinned {
			unpinned = append(unpinned, t)
		}
	}
	slices.Sort(unpinned)
	slices.Sort(dynamic)

	say := func(k key, from, to, action string) {
		all = append(all, fact.Dependency{Ecosystem: k.ecosystem, Name: k.name, From: from, To: to, Action: action, Direct: true})
	}
	for k, versions := range after {
		old, known := before[k]
		if !known {
			for _, v := range versions {
				say(k, "", v, added)
			}
			continue
		}
		// Versions that go pair with those that come; where none go, or none
		// come, with one that stays.
		gone, come := without(old, versions), without(versions, old)
		from, to := gone, come
		if len(gone) == 0 {
			from = old[:1]
		}
		if len(come) == 0 {
			to = versions[:1]
		}
		if len(gone)+len(come) > 0 {
			for i := range max(len(from), len(to)) {
				f, t := from[min(i, len(from)-1)], to[min(i, len(to)-1)]
				say(k, f, t, tagDirection(f, t))
			}
		}
	}
	for k, versions := range before {
		if _, known := after[k]; !known {
			for _, v := range versions {
				say(k, v, "", removed)
			}
		}
	}
	slices.SortFunc(all, func(x, y fact.Dependency) int {
		return slices.Compare([]string{x.Ecosystem, x.Name, x.From, x.To}, []string{y.Ecosystem, y.Name, y.From, y.To})
	})
	return all, unpinned, dynamic
}

// without returns what of the sorted list all is not in the sorted list some.
func without(all, some []string) []string {
	var rest []string
	for _, s := range all {
		if _, both := slices.BinarySearch(some, s); !both {
			rest = append(rest, s)
		}
	}
	return rest
}

// tagDirection compares tags such as "v4", "1.22-alpine" and "3.20.1": those
// of one flavour are ordered by their numbers.
func tagDirection(from, to string) string {
	f, fFlavour := tagVersion(from)
	t, tFlavour := tagVersion(to)
	if f == "" || t == "" || fFlavour != tFlavour {
		return changed
	}
	return direction(f, t)
}

func tagVersion(tag string) (version, flavour string) {
	tag, _, _ = strings.Cut(tag, "@")
	number, flavour, _ := strings.Cut(strings.TrimPrefix(tag, "v"), "-")
	if number == "" || strings.Trim(number, "0123456789.") != "" || strings.Count(number, ".") > 2 || len(number) > 20 {
		return "", ""
	}
	// Tags may lead with zeros ("22.04"), which semver does not allow.
	parts := strings.Split(number, ".")
	for i, p := range parts {
		if p == "" {
			return "", ""
		}
		if parts[i] = strings.TrimLeft(p, "0"); parts[i] == "" {
			parts[i] = "0"
		}
	}
	v := "v" + strings.Join(parts, ".")
	if !semver.IsValid(v) {
		return "", ""
	}
	return v, flavour
}
