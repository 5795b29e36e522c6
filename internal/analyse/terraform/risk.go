package terraform

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rolecall/rolecall/policy/fact"
)

// protects are arguments that keep an object from being destroyed or seen
// while they are true.
var protects = set("deletion_protection deletion_protection_enabled enable_deletion_protection prevent_destroy disable_api_termination " +
	"disable_api_stop termination_protection purge_protection_enabled block_public_acls block_public_policy ignore_public_acls " +
	"restrict_public_buckets uniform_bucket_level_access enable_drop_protection delete_protection prevent_deletion_if_contains_resources")

// endangers are arguments that do so while they are false.
var endangers = set("force_destroy skip_final_snapshot force_delete delete_contents_on_destroy delete_automated_backups " +
	"force_delete_without_recovery allow_major_version_upgrade_with_loss purge_soft_delete_on_destroy")

// exposes are arguments that put an object on the Internet while they are true.
var exposes = set("ipv4_enabled publicly_accessible associate_public_ip_address map_public_ip_on_launch public_network_access_enabled " +
	"enable_public_ip assign_public_ip allow_blob_public_access allow_nested_items_to_be_public endpoint_public_access " +
	"enable_node_public_ip node_public_ip_enabled all_users_access")

// hides are arguments that keep it off while they are true.
var hides = set("enable_private_nodes enable_private_endpoint private_cluster_enabled internal no_public_ip")

// publicBlocks are blocks that give an object a public address.
var publicBlocks = set("access_config ipv6_access_config")

// publicValues are texts that mean everybody, wherever they stand.
var publicValues = set("allUsers allAuthenticatedUsers 0.0.0.0/0 ::/0 public-read public-read-write authenticated-read " +
	"publicRead publicReadWrite website system:anonymous system:unauthenticated")

// broadRoles may do nearly anything.
var broadRoles = set("roles/owner roles/editor Owner Contributor cluster-admin AdministratorAccess arn:aws:iam::aws:policy/AdministratorAccess")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// secretWords are parts of the names of arguments that hold secrets, unless
// what they end in says that they name or describe one.
var (
	secretWords = []string{"password", "passwd", "passphrase", "secret", "private_key", "token", "api_key", "apikey", "access_key", "credential", "connection_string", "client_key"}
	tellsOf     = []string{"_id", "_ids", "_name", "_names", "_arn", "_version", "_length", "_policy", "_path", "_file", "_url", "_uri", "_enabled", "_ref",
		"_type", "_ttl", "_expiration", "_format", "_algorithm", "_key_name", "_prefix", "_endpoint", "_validity", "_status", "_source", "_mode", "_alias", "_lifetime", "_period", "_permissions", "_rotation", "_days", "_count", "_size", "_scopes"}
	secretText = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{30,}|\bAIza[0-9A-Za-z_-]{35}\b|"private_key"\s*:`)
)

func secretName(name string) bool {
	n := strings.ToLower(name)
	for _, end := range tellsOf {
		if strings.HasSuffix(n, end) {
			return false
		}
	}
	for _, w := range secretWords {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}

// exposure is what one version of a block holds, for comparing it with the
// other.
type exposure struct {
	flags  map[string]value  // protects, endangers, exposes, hides: by path
	public map[string]string // by what stands where
	wild   map[string]string
	secret map[string]string
	typ    string
	scope  func() string // what the present value stands in, as far as it matters
	closed bool          // that takes access away
}

func look(b *block) exposure {
	e := exposure{flags: map[string]value{}, public: map[string]string{}, wild: map[string]string{}, secret: map[string]string{}}
	if b != nil {
		if len(b.labels) > 0 {
			e.typ = b.labels[0]
		}
		e.body("", &b.body)
	}
	return e
}

// closed reports whether a block takes access away, or is about what goes out:
// a literal says so. What stands in it is then no exposure.
func closed(path string, b *body) bool {
	kind := path[strings.LastIndexByte(path, '.')+1:]
	word := func(name string) string {
		if a := b.arg(name); a != nil {
			s, _ := a.value.(string)
			return strings.ToLower(s)
		}
		return ""
	}
	switch {
	case kind == "egress" || word("type") == "egress" || word("direction") == "egress" || word("direction") == "outbound":
		return true
	case word("effect") == "deny" || word("access") == "deny" || word("action") == "deny" || word("rule_action") == "deny":
		return true
	}
	if a := b.arg("egress"); a != nil && isBool(a.value, true, true) {
		return true
	}
	denies := false
	for _, n := range b.blocks {
		switch n.group() {
		case "deny":
			denies = true
		case "allow":
			return false
		}
	}
	return denies && b.arg("allow") == nil
}

// closedObject does it for an object, such as a statement of a policy.
func closedObject(name string, v map[string]any) bool {
	if name == "egress" {
		return true
	}
	for k, x := range v {
		s, _ := x.(string)
		switch strings.ToLower(k) {
		case "effect", "access", "action":
			if strings.EqualFold(s, "deny") {
				return true
			}
		case "direction", "type":
			if strings.EqualFold(s, "egress") || strings.EqualFold(s, "outbound") {
				return true
			}
		}
	}
	return false
}

func (e *exposure) body(prefix string, b *body) {
	defer e.within(func() string { return scope(prefix, b) }, closed(strings.TrimSuffix(prefix, "."), b))()
	for _, a := range b.args {
		e.value(prefix+a.name, a.name, a.value, 0)
	}
	for _, n := range b.blocks {
		kind := n.group()
		if publicBlocks[kind] {
			e.public[prefix+kind] = prefix + kind + " gives a public address"
		}
		if n.kind == "dynamic" {
			for _, c := range n.body.nested("content") {
				e.body(prefix+kind+".", &c.body)
			}
			continue
		}
		e.body(prefix+kind+".", &n.body)
	}
}

// within sets what the values seen next stand in, until its result is called.
// Many may ask for it: its sum is made once.
func (e *exposure) within(scope func() string, closed bool) (leave func()) {
	was, wasClosed := e.scope, e.closed
	e.scope = sync.OnceValue(func() string {
		sum := sha256.Sum256([]byte(scope()))
		return string(sum[:])
	})
	e.closed = wasClosed || closed
	return func() { e.scope, e.closed = was, wasClosed }
}

// reach are the arguments that say how far access goes which a resource gives.
var reach = []string{"allow", "actions", "action", "destination_port_range", "destination_port_ranges", "from_port", "ip_protocol", "port", "port_range",
	"ports", "protocol", "resources", "role", "role_arn", "to_port"}

// scope is what tells one exposure from another of the same name: all of the
// block that holds it, or of a resource how far its access goes.
func scope(prefix string, b *body) string {
	if prefix != "" {
		return string(b.appendCanon(nil))
	}
	var buf []byte
	for _, name := range reach {
		if a := b.arg(name); a != nil {
			buf = append(append(buf, a.canon...), '\n')
		}
		for _, n := range b.nested(name) {
			buf = append(append(buf, n.canon...), '\n')
		}
	}
	return string(buf)
}

func (e *exposure) value(at, name string, v value, depth int) {
	if depth > 20 {
		return
	}
	if protects[name] || endangers[name] || exposes[name] || hides[name] {
		e.flags[at] = v
	}
	switch v := v.(type) {
	case converted:
		e.value(at, name, v.of, depth+1)
	case jsonObject:
		if publicBlocks[name] {
			e.public[at] = at + " gives a public address"
		}
		e.object(at, name, v, depth)
	case map[string]any:
		e.object(at, name, v, depth)
	case []any:
		if publicBlocks[name] && len(v) > 0 {
			e.public[at] = at + " gives a public address"
		}
		for _, x := range v {
			e.value(at, name, x, depth+1)
		}
	case string:
		e.text(at, name, v, depth)
	}
}

func (e *exposure) object(at, name string, v map[string]any, depth int) {
	defer e.within(func() string { return fmt.Sprint(v) }, closedObject(name, v))()
	for k, x := range v {
		e.value(at+"."+k, k, x, depth+1)
	}
}

// opens notes a text that lets more in than it should, unless what it stands
// in takes access away.
func (e *exposure) opens(to map[string]string, at, s string) {
	if !e.closed {
		to[at+"="+s+"\x00"+e.scope()] = at + " holds " + s
	}
}

func (e *exposure) text(at, name, s string, depth int) {
	// Google's "secret" is the name of one.
	named := name == "secret" && strings.HasPrefix(e.typ, "google_secret_manager_")
	if secretName(name) && !named && !labelled(at) && s != "" || secretText.MatchString(s) {
		e.secret[at] = s
	}
	if publicValues[s] {
		e.opens(e.public, at, s)
	}
	n := strings.ToLower(name)
	switch {
	case broadRoles[s] && (strings.Contains(n, "role") || strings.Contains(n, "polic") || n == "name"):
		e.opens(e.wild, at, s)
	case (s == "*" || strings.HasSuffix(s, ":*") || s == "*/*") &&
		(strings.Contains(n, "action") || strings.Contains(n, "permission") || n == "verbs" || n == "api_groups"):
		e.opens(e.wild, at, s)
	case s == "*" && (strings.Contains(n, "resource") || n == "scope"):
		e.opens(e.wild, at, s)
	case s == "*" && (strings.Contains(n, "principal") || n == "aws" || strings.Contains(n, "identifiers") || strings.HasSuffix(n, "source_address_prefix") || n == "source_address_prefixes"):
		e.opens(e.public, at, s)
	}
	if t := strings.TrimSpace(s); strings.HasPrefix(t, "{") && depth < 20 && len(t) < 64<<10 {
		// A policy document that is written as a text.
		if n, why := readNode(json.NewDecoder(strings.NewReader(t)), 0); why == "" {
			e.value(at, name, n.value(), depth+10)
		}
	}
}

// labelled reports whether a path is below what only names or describes.
func labelled(at string) bool {
	for _, part := range strings.Split(at, ".") {
		switch part {
		case "labels", "label_extractors", "tags", "tags_all", "annotations":
			return true
		}
	}
	return false
}

// held names what is lost with a resource of a kind.
func held(kind string) string {
	switch kind {
	case "secret", "key":
		return "a " + kind
	}
	return kind
}

// risks compares two versions of a resource; was is nil for a new one, is for
// one that is gone.
func risks(was, is *block, action, typ string) []fact.Risk {
	var all []fact.Risk
	if stateful(typ) && (action == fact.Delete || action == fact.Replace) {
		all = append(all, fact.Risk{Name: "destroys-data", Detail: "it holds " + held(rowOf(typ).kind)})
	}
	before, after := look(was), look(is)
	paths := sortedKeys(before.flags)
	for _, p := range sortedKeys(after.flags) {
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	for _, p := range paths {
		name := p[strings.LastIndexByte(p, '.')+1:]
		b, hadB := before.flags[p]
		a, hasA := after.flags[p]
		detail := fmt.Sprintf("%s: %s → %s", p, show(b, hadB), show(a, hasA))
		switch {
		case is == nil:
		case protects[name]:
			on := isBool(b, hadB, true) && !isBool(a, hasA, true)
			off := isBool(a, hasA, false) && !isBool(b, hadB, false) && was != nil
			gone := hadB && !hasA && !isBool(b, true, false)
			blur := hasA && hadB && !isPlain(a) && !isBool(b, true, false) && !same(a, b)
			if on || off || gone || blur {
				all = append(all, fact.Risk{Name: "loses-protection", Detail: detail})
			}
		case endangers[name]:
			if isBool(a, hasA, true) && !isBool(b, hadB, true) || hasA && !isPlain(a) && (!hadB || isBool(b, true, false)) {
				all = append(all, fact.Risk{Name: "loses-protection", Detail: detail})
			}
		case exposes[name]:
			if isBool(a, hasA, true) && !isBool(b, hadB, true) || hasA && !isPlain(a) && isBool(b, hadB, false) {
				all = append(all, fact.Risk{Name: "public", Detail: detail})
			}
		case hides[name]:
			if was != nil && isBool(b, hadB, true) && !isBool(a, hasA, true) {
				all = append(all, fact.Risk{Name: "public", Detail: detail})
			}
		}
	}
	for _, opened := range []struct {
		name       string
		was, after map[string]string
	}{{"public", before.public, after.public}, {"wildcard", before.wild, after.wild}} {
		for _, k := range sortedKeys(opened.after) {
			r := fact.Risk{Name: opened.name, Detail: opened.after[k]}
			if _, had := opened.was[k]; !had && !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	for _, k := range sortedKeys(after.secret) {
		if before.secret[k] != after.secret[k] {
			all = append(all, fact.Risk{Name: "secret-in-plain-text", Detail: k})
		}
	}
	return all
}

// isBool reports whether a value is set to want; a text of it counts too.
func isBool(v value, set, want bool) bool {
	switch v := v.(type) {
	case bool:
		return set && v == want
	case string:
		return set && v == fmt.Sprint(want)
	}
	return false
}

func isPlain(v value) bool { return literal(v) && !isJSON(v) }

func same(a, b value) bool {
	x, ok := a.(opaque)
	y, ok2 := b.(opaque)
	return ok && ok2 && x == y && x.text != ""
}

func show(v value, set bool) string {
	switch {
	case !set:
		return "unset"
	case v == nil:
		return "null"
	case !isPlain(v):
		return "not literal"
	}
	return fmt.Sprint(v)
}
