package githubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// seed is the form of a seed file.
type seed struct {
	// App says where the App's events go.
	App struct {
		DeliverTo []string `json:"deliver_to"`
	} `json:"app"`
	Users []struct {
		Login  string   `json:"login"`
		Busy   bool     `json:"busy"`
		Emails []string `json:"emails"`
	} `json:"users"`
	Orgs []seedOrg `json:"orgs"`
}

type seedOrg struct {
	Login          string     `json:"login"`
	Owners         []string   `json:"owners"`
	Members        []string   `json:"members"`
	Invited        []string   `json:"invited"`
	BasePermission string     `json:"base_permission"` // "read" when empty
	Teams          []seedTeam `json:"teams"`           // parents before children
	Repos          []seedRepo `json:"repos"`
}

type seedTeam struct {
	Name    string            `json:"name"`
	Members []string          `json:"members"`
	Invited []string          `json:"invited"`
	Parent  string            `json:"parent"`
	Secret  bool              `json:"secret"`
	Repos   map[string]string `json:"repos"` // permission by repository
}

type seedRepo struct {
	Name          string            `json:"name"`
	Public        bool              `json:"public"`
	Collaborators map[string]string `json:"collaborators"` // permission by login
	Files         map[string]string `json:"files"`         // on the default branch
	Import        *struct {
		Dir  string `json:"dir"`
		Base string `json:"base"` // becomes the default branch
		Head string `json:"head"` // becomes the branch "imported"
	} `json:"import"`
	Require []string   `json:"require"` // checks required on the default branch
	Pulls   []seedPull `json:"pulls"`
}

type seedPull struct {
	Author   string            `json:"author"`
	Title    string            `json:"title"`
	Body     string            `json:"body"`
	Base     string            `json:"base"`
	Head     string            `json:"head"`
	Draft    bool              `json:"draft"`
	Fork     bool              `json:"fork"`
	Files    map[string]string `json:"files"`
	Delete   []string          `json:"delete"` // files that it deletes
	Labels   []string          `json:"labels"` // set by the author
	Comments []struct {
		By   string `json:"by"`
		Body string `json:"body"`
	} `json:"comments"`
	Reviews []struct {
		By    string `json:"by"`
		Event string `json:"event"` // "approve", "request_changes", "comment"
		Body  string `json:"body"`
	} `json:"reviews"`
}

// Seed fills the fake from a seed file in JSON: users, organisations with
// their teams and repositories, and pull requests. Everything happens as it
// would by calls, webhooks included. docs/github-behaviour.md shows one.
func (s *Server) Seed(data []byte) (err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var in seed
	if err := d.Decode(&in); err != nil {
		return fmt.Errorf("read the seed: %w", err)
	}
	defer func() { // what the fake refuses is a mistake of the file's here
		if p := recover(); p != nil {
			text, ok := p.(string)
			if !ok {
				panic(p)
			}
			err = fmt.Errorf("apply the seed: %s", strings.TrimPrefix(text, "githubtest: "))
		}
	}()
	if len(in.App.DeliverTo) > 0 {
		s.app.DeliverTo(in.App.DeliverTo...)
	}
	for _, u := range in.Users {
		user := s.User(u.Login)
		user.Busy(u.Busy)
		for _, e := range u.Emails {
			user.AddEmail(e)
		}
	}
	for _, o := range in.Orgs {
		if err := s.seedOrg(o); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) seedOrg(in seedOrg) error {
	o := s.Org(in.Login)
	o.Owner(in.Owners...)
	o.Member(in.Members...)
	o.Invite(in.Invited...)
	if in.BasePermission != "" {
		o.BasePermission(in.BasePermission)
	}
	for _, t := range in.Teams {
		team := o.Team(t.Name, t.Members...)
		team.Invite(t.Invited...)
		if t.Parent != "" {
			team.Under(o.Team(t.Parent))
		}
		if t.Secret {
			team.Secret()
		}
		for _, repo := range slices.Sorted(maps.Keys(t.Repos)) {
			team.Grant(o.Repo(repo), t.Repos[repo])
		}
	}
	for _, r := range in.Repos {
		if err := s.seedRepo(o, r); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) seedRepo(o *Org, in seedRepo) error {
	r := o.Repo(in.Name)
	if in.Public {
		r.Public()
	}
	for _, login := range slices.Sorted(maps.Keys(in.Collaborators)) {
		r.Collaborator(login, in.Collaborators[login])
	}
	if i := in.Import; i != nil {
		base, head, err := r.Import(i.Dir, i.Base, i.Head)
		if err != nil {
			return fmt.Errorf("import into %s: %w", r.FullName(), err)
		}
		r.Push("main", base, "importer")
		r.Push("imported", head, "importer")
	}
	if len(in.Files) > 0 {
		r.Commit("main", "Seed", seedFiles(in.Files, nil), By("importer"))
	}
	for _, name := range in.Require {
		r.Require([]string{"~DEFAULT_BRANCH"}, RequiredCheck{Context: name})
	}
	for _, p := range in.Pulls {
		pull := r.Open(PullRequest{
			Author: p.Author, Title: p.Title, Body: p.Body, Base: p.Base, Head: p.Head, Draft: p.Draft, Fork: p.Fork, Files: seedFiles(p.Files, p.Delete),
		})
		pull.Label(or(p.Author, "author"), p.Labels...)
		for _, c := range p.Comments {
			pull.Comment(c.By, c.Body)
		}
		for _, v := range p.Reviews {
			pull.Review(v.By, v.Event, v.Body)
		}
	}
	return nil
}

func seedFiles(set map[string]string, gone []string) Files {
	out := Files{}
	for path, text := range set {
		out[path] = text
	}
	for _, path := range gone {
		out[path] = Delete
	}
	return out
}

// Summary writes what a client needs to use the fake: its addresses, the App,
// and every person's token. The tokens work nowhere else.
func (s *Server) Summary(w io.Writer) {
	defer s.lock()()
	fmt.Fprintf(w, "REST      %s\nGraphQL   %s\nApp       %s, ID %d, webhook secret %q\n", s.URL(), s.GraphQLURL(), s.app.slug, s.app.id, s.app.secret)
	for _, i := range s.installations(s.app) {
		fmt.Fprintf(w, "installed %s, installation %d\n", i.account.login, i.id)
	}
	for _, r := range s.repoOrder {
		fmt.Fprintf(w, "repo      %s, %d open pull requests\n", r.fullName(), len(r.open))
	}
	for _, key := range slices.Sorted(maps.Keys(s.users)) {
		if u := s.users[key]; u.kind == "User" {
			fmt.Fprintf(w, "person    %s, token %s\n", u.login, u.token)
		}
	}
}
