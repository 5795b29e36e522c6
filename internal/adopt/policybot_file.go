package adopt

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// botFile is a policy-bot policy as it is written.
type botFile struct {
	rules       map[string]*botRule
	approval    []*botNode
	disapproval *botDisapproval
}

type botRule struct {
	line        int
	name        string
	description string
	predicates  []botPredicate
	options     botOptions
	count       int
	actors      botActors
	conditions  []botPredicate
}

// botPredicate is one condition, not yet understood.
type botPredicate struct {
	line int
	key  string
	body *yaml.Node
}

type botOptions struct {
	AllowAuthor               bool      `yaml:"allow_author"`
	AllowContributor          bool      `yaml:"allow_contributor"`
	AllowNonAuthorContributor bool      `yaml:"allow_non_author_contributor"`
	InvalidateOnPush          bool      `yaml:"invalidate_on_push"`
	IgnoreEditedComments      bool      `yaml:"ignore_edited_comments"`
	IgnoreUpdateMerges        bool      `yaml:"ignore_update_merges"`
	IgnoreCommitsBy           botActors `yaml:"ignore_commits_by"`
	RequestReview             struct {
		Enabled bool   `yaml:"enabled"`
		Mode    string `yaml:"mode"`
		Count   int    `yaml:"count"`
	} `yaml:"request_review"`
	Methods *botMethods `yaml:"methods"`
}

type botMethods struct {
	Comments                    []string `yaml:"comments"`
	CommentPatterns             []string `yaml:"comment_patterns"`
	GithubReview                *bool    `yaml:"github_review"`
	GithubReviewCommentPatterns []string `yaml:"github_review_comment_patterns"`
	BodyPatterns                []string `yaml:"body_patterns"`
}

type botActors struct {
	Users              []string `yaml:"users"`
	Teams              []string `yaml:"teams"`
	Organizations      []string `yaml:"organizations"`
	Permissions        []string `yaml:"permissions"`
	Admins             bool     `yaml:"admins"`
	WriteCollaborators bool     `yaml:"write_collaborators"`
}

func (a botActors) empty() bool {
	return len(a.Users)+len(a.Teams)+len(a.Organizations)+len(a.Permissions) == 0 && !a.Admins && !a.WriteCollaborators
}

// botNode is a rule's name, or a conjunction of nodes.
type botNode struct {
	line     int
	rule     *botRule
	op       string // "and", "or"; "" for a rule
	children []*botNode
}

type botDisapproval struct {
	line       int
	predicates []botPredicate
	actors     botActors
}

// maxBotDepth is how deep policy-bot lets conjunctions nest, and a little more.
const maxBotDepth = 12

func readBotFile(text []byte) (f *botFile, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return nil, errors.New("the file is empty")
	}
	root, err := fields(doc.Content[0], "the file")
	if err != nil {
		return nil, err
	}
	if at := root["remote"]; at != nil {
		return nil, fmt.Errorf("line %d: the file only points to the policy in %q: import that one", at.Line, at.Value)
	}
	f = &botFile{rules: map[string]*botRule{}}
	if list := root["approval_rules"]; list != nil {
		if list.Kind != yaml.SequenceNode {
			return nil, fmt.Errorf("line %d: approval_rules is no list", list.Line)
		}
		for _, n := range list.Content {
			r, err := readBotRule(n)
			if err != nil {
				return nil, err
			}
			if f.rules[r.name] != nil {
				return nil, fmt.Errorf("line %d: there are two rules %q", r.line, r.name)
			}
			f.rules[r.name] = r
		}
	}
	if root["policy"] == nil {
		return nil, errors.New("the file has no policy")
	}
	p, err := fields(root["policy"], "policy")
	if err != nil {
		return nil, err
	}
	if list := p["approval"]; list != nil && list.Kind == yaml.SequenceNode {
		for _, n := range list.Content {
			node, err := f.node(n, 0)
			if err != nil {
				return nil, err
			}
			f.approval = append(f.approval, node)
		}
	}
	if at := p["disapproval"]; at != nil {
		if f.disapproval, err = readBotDisapproval(at); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// fields are the values of a mapping by key; aliases are followed.
func fields(n *yaml.Node, what string) (map[string]*yaml.Node, error) {
	n = followed(n)
	if n.Kind != yaml.MappingNode {
		if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
			return nil, nil
		}
		return nil, fmt.Errorf("line %d: %s is no mapping of keys to values", n.Line, what)
	}
	out := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		out[n.Content[i].Value] = followed(n.Content[i+1])
	}
	return out, nil
}

func followed(n *yaml.Node) *yaml.Node {
	for range 8 {
		if n.Kind != yaml.AliasNode || n.Alias == nil {
			break
		}
		n = n.Alias
	}
	return n
}

func readBotRule(n *yaml.Node) (*botRule, error) {
	m, err := fields(n, "a rule")
	if err != nil {
		return nil, err
	}
	r := &botRule{line: n.Line}
	decode := func(key string, into any) {
		if m[key] != nil && err == nil {
			if e := m[key].Decode(into); e != nil {
				err = fmt.Errorf("line %d: %s: %w", m[key].Line, key, e)
			}
		}
	}
	decode("name", &r.name)
	decode("description", &r.description)
	decode("options", &r.options)
	if err != nil {
		return nil, err
	}
	if r.name == "" {
		return nil, fmt.Errorf("line %d: a rule has no name", r.line)
	}
	if r.predicates, err = readPredicates(m["if"]); err != nil {
		return nil, err
	}
	if m["requires"] == nil {
		return r, nil
	}
	requires, err := fields(m["requires"], "requires")
	if err != nil {
		return nil, err
	}
	m = requires
	decode("count", &r.count)
	if err != nil {
		return nil, err
	}
	if r.actors, err = readActors(requires); err != nil {
		return nil, err
	}
	r.conditions, err = readPredicates(requires["conditions"])
	return r, err
}

// readActors takes the actors out of a mapping that may hold other keys.
func readActors(m map[string]*yaml.Node) (a botActors, err error) {
	for key, into := range map[string]any{
		"users": &a.Users, "teams": &a.Teams, "organizations": &a.Organizations, "permissions": &a.Permissions,
		"admins": &a.Admins, "write_collaborators": &a.WriteCollaborators,
	} {
		if m[key] == nil {
			continue
		}
		if err := m[key].Decode(into); err != nil {
			return a, fmt.Errorf("line %d: %s: %w", m[key].Line, key, err)
		}
	}
	return a, nil
}

func readPredicates(n *yaml.Node) ([]botPredicate, error) {
	if n == nil {
		return nil, nil
	}
	m, err := fields(n, "a set of conditions")
	if err != nil {
		return nil, err
	}
	var out []botPredicate
	for key, body := range m {
		if body.Kind == yaml.ScalarNode && body.Tag == "!!null" {
			continue
		}
		out = append(out, botPredicate{body.Line, key, body})
	}
	slices.SortFunc(out, func(a, b botPredicate) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return slices.Compare([]byte(a.key), []byte(b.key))
	})
	return out, nil
}

func (f *botFile) node(n *yaml.Node, depth int) (*botNode, error) {
	n = followed(n)
	if depth > maxBotDepth {
		return nil, fmt.Errorf("line %d: conjunctions nest too deeply", n.Line)
	}
	if n.Kind == yaml.ScalarNode {
		r := f.rules[n.Value]
		if r == nil {
			return nil, fmt.Errorf("line %d: there is no rule %q", n.Line, n.Value)
		}
		return &botNode{line: n.Line, rule: r}, nil
	}
	m, err := fields(n, "an entry of approval")
	if err != nil {
		return nil, err
	}
	out := &botNode{line: n.Line}
	for op, list := range m {
		if len(m) != 1 || op != "and" && op != "or" || list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
			return nil, fmt.Errorf("line %d: an entry of approval is a rule's name, or one of and: and or: with a list below", n.Line)
		}
		out.op = op
		for _, c := range list.Content {
			child, err := f.node(c, depth+1)
			if err != nil {
				return nil, err
			}
			out.children = append(out.children, child)
		}
	}
	return out, nil
}

func readBotDisapproval(n *yaml.Node) (*botDisapproval, error) {
	m, err := fields(n, "disapproval")
	if err != nil {
		return nil, err
	}
	d := &botDisapproval{line: n.Line}
	if d.predicates, err = readPredicates(m["if"]); err != nil {
		return nil, err
	}
	if m["requires"] != nil {
		requires, err := fields(m["requires"], "requires")
		if err != nil {
			return nil, err
		}
		if d.actors, err = readActors(requires); err != nil {
			return nil, err
		}
	}
	return d, nil
}
