package policytest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

type when = func(now time.Time) time.Time

// given is the pull request of a test, as the test says it.
type given struct {
	number                  int
	author, pusher          string
	title, body, base, head string
	labels                  []string
	draft, fork, bot        bool
	created                 when
	now                     time.Time
	files                   map[string]file
	unchanged               map[string]string
	roles, teams            map[string][]string
	reviews                 []review
	comments                []comment
	commits                 []commit
	labelEvents             []labelEvent
}

type file struct {
	before, after      *string // nil: there is none
	previous           string
	mode, previousMode string
	unreadable         bool
}

type review struct {
	by, state string
	at        when
	// beforePush is what stood at paths when the review was given, nil where
	// nothing did; nil as a whole where nothing was pushed since.
	beforePush map[string]*string
}

type comment struct {
	by, body, access string
	edited           bool
	at               when
}

type commit struct {
	people     []string
	cleanMerge bool
}

type labelEvent struct {
	label, by string
	added     bool
	at        when
}

// noon is when tests take place that do not say: a Thursday.
var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func newGiven() given {
	return given{
		number: 1, author: "author", title: "A change", base: "main", head: "change", now: noon,
		files: map[string]file{}, unchanged: map[string]string{}, roles: map[string][]string{}, teams: map[string][]string{},
	}
}

// clone copies what reading another block changes in place.
func (g given) clone() given {
	g.files, g.unchanged, g.roles, g.teams = maps.Clone(g.files), maps.Clone(g.unchanged), maps.Clone(g.roles), maps.Clone(g.teams)
	return g
}

// The bounds of one test.
const (
	maxFiles = 3_000
	maxItems = 500 // reviews, comments, commits, label events
)

// readers read the arguments of a test or a given block into g. Maps are
// added to, lists are replaced.
func (d *decoder) readers(g *given, p *policy.Policy) map[string]func(value) {
	return map[string]func(value){
		"now": func(v value) {
			t, err := time.Parse(time.RFC3339, d.text(v, "a time"))
			if err != nil {
				d.errorf(v.at, "Not a time", "now is written \"2026-01-05T09:00:00Z\".")
				return
			}
			g.now = t.UTC()
		},
		"pull":  func(v value) { d.pull(v, g) },
		"files": func(v value) { d.files(v, g) },
		"unchanged": func(v value) {
			for _, e := range d.entries(v, "the text of other files, by path") {
				g.unchanged[d.path(e)] = d.text(e.value, "the file's text")
			}
		},
		"roles":        func(v value) { d.roles(v, g, p) },
		"teams":        func(v value) { d.teams(v, g, p) },
		"reviews":      func(v value) { g.reviews = each(d, v, "the reviews, oldest first", d.review) },
		"comments":     func(v value) { g.comments = each(d, v, "the comments, oldest first", d.comment) },
		"commits":      func(v value) { g.commits = each(d, v, "the commits, oldest first", d.commit) },
		"label_events": func(v value) { g.labelEvents = each(d, v, "labels being set and removed, oldest first", d.labelEvent) },
	}
}

// each reads the members of a list.
func each[T any](d *decoder, v value, doc string, read func(value) T) []T {
	members := d.elements(v, doc)
	if len(members) > maxItems {
		d.errorf(v.at, "List too long", "%s has at most %d members in a test.", v.name, maxItems)
		return nil
	}
	out := make([]T, 0, len(members))
	for _, m := range members {
		out = append(out, read(m))
	}
	return out
}

func (d *decoder) pull(v value, g *given) {
	d.object(v, "the pull request", map[string]func(value){
		"number":     func(v value) { g.number = d.number(v) },
		"author":     func(v value) { g.author = d.person(v) },
		"pusher":     func(v value) { g.pusher = d.person(v) },
		"title":      func(v value) { g.title = d.text(v, "its title") },
		"body":       func(v value) { g.body = d.text(v, "its description") },
		"base":       func(v value) { g.base = d.text(v, "the branch that it merges into") },
		"head":       func(v value) { g.head = d.text(v, "the branch that it comes from") },
		"draft":      func(v value) { g.draft = d.flag(v) },
		"fork":       func(v value) { g.fork = d.flag(v) },
		"bot":        func(v value) { g.bot = d.flag(v) },
		"created_at": func(v value) { g.created = d.moment(v) },
		"labels": func(v value) {
			g.labels = nil
			for _, l := range d.texts(v, "the labels that it has") {
				g.labels = append(g.labels, l.text)
			}
		},
	})
}

// path is a key that names a file.
func (d *decoder) path(e entry) string {
	if e.key == "" || strings.HasPrefix(e.key, "/") || len(e.key) > 4096 {
		d.errorf(e.at, "Not a path", "A file is named from the root of the repository, without a slash at its start.")
	}
	return e.key
}

var modes = []string{"100644", "100755", "120000"}

func (d *decoder) files(v value, g *given) {
	for _, e := range d.entries(v, "the files that change, by path") {
		path := d.path(e)
		var f file
		given := d.object(e.value, "before and after", map[string]func(value){
			"before":        func(v value) { f.before = d.content(v) },
			"after":         func(v value) { f.after = d.content(v) },
			"previous":      func(v value) { f.previous = d.text(v, "its path before a rename") },
			"mode":          func(v value) { f.mode = d.word(v, modes...) },
			"previous_mode": func(v value) { f.previousMode = d.word(v, modes...) },
			"unreadable":    func(v value) { f.unreadable = d.flag(v) },
		})
		if f.previous != "" { // a rename keeps the text where none is given
			if _, ok := given["before"]; !ok {
				f.before = f.after
			}
			if _, ok := given["after"]; !ok {
				f.after = f.before
			}
			if f.before == nil {
				empty := ""
				f.before, f.after = &empty, &empty
			}
			if f.after == nil {
				d.errorf(e.at, "Renamed and removed", "A file with previous is there after the change: give it an after, or none.")
			}
		}
		if f.before == nil && f.after == nil {
			d.errorf(e.at, "File without content", "Give before, after, or both: without before the file is new, without after it is removed.")
		}
		g.files[path] = f
	}
	if len(g.files) > maxFiles {
		d.errorf(v.at, "Too many files", "A test has at most %d files.", maxFiles)
	}
}

// content is a file's text; nil where there is no file.
func (d *decoder) content(v value) *string {
	if v.val.IsNull() {
		return nil
	}
	s := d.text(v, "the file's text; null, or left out, where there is no file")
	return &s
}

func (d *decoder) roles(v value, g *given, p *policy.Policy) {
	var known []string
	for _, r := range p.Roles() {
		if r.Name != roleDRI {
			known = append(known, r.Name)
		}
	}
	for _, e := range d.entries(v, "who holds each role") {
		if e.key == roleDRI {
			d.errorf(e.at, "Holders of the role dri", "Who is DRI is said by the policy's projects, and by comments such as { by = \"@mia\", body = \"/assign-dri @bo\" }.")
			continue
		}
		if !slices.Contains(known, e.key) {
			d.errorf(e.at, "Unknown role", "The policy has no role %q.%s", e.key, policy.DidYouMean(e.key, known))
			continue
		}
		g.roles[e.key] = d.people(e.value)
	}
}

// roleDRI is the role whose holders projects and commands name.
const roleDRI = "dri"

func (d *decoder) teams(v value, g *given, p *policy.Policy) {
	known := p.Needs().Teams
	var shown []string
	for _, t := range known {
		shown = append(shown, "@"+t)
	}
	for _, e := range d.entries(v, "who is in each team") {
		team, ok := fact.Team(e.key)
		if !ok || !slices.Contains(known, team) {
			d.errorf(e.at, "Unknown team", "The policy names no team %q.%s", e.key, policy.DidYouMean(e.key, shown))
			continue
		}
		g.teams[team] = d.people(e.value)
	}
}

func (d *decoder) review(v value) review {
	var r review
	given := d.object(v, "a review", map[string]func(value){
		"by": func(v value) { r.by = d.person(v) },
		"state": func(v value) {
			r.state = d.word(v, fact.Approved, fact.ChangesRequested, fact.Commented, fact.Dismissed)
		},
		"at": func(v value) { r.at = d.moment(v) },
		"before_push": func(v value) {
			r.beforePush = map[string]*string{}
			for _, e := range d.entries(v, "what stood at a path when the review was given, and was pushed over since; null for nothing") {
				r.beforePush[d.path(e)] = d.content(e.value)
			}
		},
	})
	d.needed(v, given, "by", "state")
	return r
}

func (d *decoder) comment(v value) comment {
	c := comment{access: "member"}
	given := d.object(v, "a comment", map[string]func(value){
		"by":     func(v value) { c.by = d.person(v) },
		"body":   func(v value) { c.body = d.text(v, "what it says") },
		"access": func(v value) { c.access = d.word(v, "owner", "member", "collaborator", "contributor", "none") },
		"edited": func(v value) { c.edited = d.flag(v) },
		"at":     func(v value) { c.at = d.moment(v) },
	})
	d.needed(v, given, "by", "body")
	return c
}

func (d *decoder) commit(v value) commit {
	var c commit
	given := d.object(v, "a commit", map[string]func(value){
		"by":          func(v value) { c.people = append([]string{d.person(v)}, c.people...) },
		"co_authors":  func(v value) { c.people = append(c.people, d.people(v)...) },
		"clean_merge": func(v value) { c.cleanMerge = d.flag(v) },
	})
	d.needed(v, given, "by")
	return c
}

func (d *decoder) labelEvent(v value) labelEvent {
	var l labelEvent
	given := d.object(v, "a label being set or removed", map[string]func(value){
		"label":  func(v value) { l.label = d.text(v, "the label") },
		"by":     func(v value) { l.by = d.person(v) },
		"action": func(v value) { l.added = d.word(v, "add", "remove") == "add" },
		"at":     func(v value) { l.at = d.moment(v) },
	})
	d.needed(v, given, "label", "by", "action")
	return l
}

// needed reports the arguments that an object must have.
func (d *decoder) needed(v value, given map[string]value, names ...string) {
	if v.val.IsNull() || !v.val.Type().IsObjectType() {
		return
	}
	for _, name := range names {
		if _, ok := given[name]; !ok && v.val.Type() != cty.DynamicPseudoType {
			d.errorf(v.at, "Missing argument", "Each of %s needs %s.", v.name, name)
		}
	}
}
