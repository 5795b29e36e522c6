package webhook

import (
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// payload is the part of a delivery's body that any event needs. Times are
// strings here, since a form that nobody expected must not lose a delivery.
type payload struct {
	Action       string `json:"action"`
	Installation struct {
		ID      int64   `json:"id"`
		Account account `json:"account"`
	} `json:"installation"`
	Repository   repository   `json:"repository"`
	Organization account      `json:"organization"`
	Sender       account      `json:"sender"`
	PullRequest  *pullRequest `json:"pull_request"`
	Changes      struct {
		Base  *struct{} `json:"base"`
		Title *struct{} `json:"title"`
		Body  *struct {
			From string `json:"from"`
		} `json:"body"`
	} `json:"changes"`
	Label struct {
		Name string `json:"name"`
	} `json:"label"`
	Review struct {
		ID       int64  `json:"id"`
		CommitID string `json:"commit_id"`
	} `json:"review"`
	Issue struct {
		Number      int       `json:"number"`
		PullRequest *struct{} `json:"pull_request"`
	} `json:"issue"`
	Comment struct {
		Body string  `json:"body"`
		User account `json:"user"`
	} `json:"comment"`
	CheckRun struct {
		Name         string          `json:"name"`
		HeadSHA      string          `json:"head_sha"`
		ExternalID   string          `json:"external_id"`
		App          app             `json:"app"`
		PullRequests []pullReference `json:"pull_requests"`
		CheckSuite   struct {
			HeadBranch string `json:"head_branch"`
		} `json:"check_suite"`
	} `json:"check_run"`
	CheckSuite struct {
		HeadSHA      string          `json:"head_sha"`
		HeadBranch   string          `json:"head_branch"`
		App          app             `json:"app"`
		PullRequests []pullReference `json:"pull_requests"`
	} `json:"check_suite"`
	MergeGroup struct {
		HeadSHA string `json:"head_sha"`
		BaseSHA string `json:"base_sha"`
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
	Before  string `json:"before"` // of a synchronize or push: the commit that was replaced
	After   string `json:"after"`  // of a push
	Ref     string `json:"ref"`    // of a push
	Created bool   `json:"created"`
	Deleted bool   `json:"deleted"`
	Forced  bool   `json:"forced"`
	Commits []struct {
		Added    []string `json:"added"`
		Removed  []string `json:"removed"`
		Modified []string `json:"modified"`
	} `json:"commits"`
	Repositories        []repository `json:"repositories"`
	RepositoriesAdded   []repository `json:"repositories_added"`
	RepositoriesRemoved []repository `json:"repositories_removed"`
}

type account struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"`
}

func (a account) bot() bool { return a.Type == "Bot" || strings.HasSuffix(a.Login, "[bot]") }

type app struct {
	ID int64 `json:"id"`
}

type repository struct {
	ID            int64   `json:"id"`
	Name          string  `json:"name"`
	FullName      string  `json:"full_name"`
	Owner         account `json:"owner"`
	DefaultBranch string  `json:"default_branch"`
}

// names returns owner and name; an installation's list has only the full name.
func (r repository) names() (owner, name string) {
	owner, name, _ = strings.Cut(r.FullName, "/")
	return owner, name
}

type branch struct {
	Ref string `json:"ref"`
	SHA string `json:"sha"`
}

type pullRequest struct {
	Number    int    `json:"number"`
	State     string `json:"state"`
	UpdatedAt string `json:"updated_at"`
	Head      branch `json:"head"`
	Base      branch `json:"base"`
}

// updated is GitHub's time of the state, zero when it cannot be read.
func (p pullRequest) updated() time.Time {
	t, err := time.Parse(time.RFC3339, p.UpdatedAt)
	if err != nil {
		return time.Time{}
	}
	return t
}

// pullReference is a pull request in the list of a check. The list holds those
// with the head in this repository, into whichever repository they go; it is
// empty for heads in forks.
type pullReference struct {
	Number int    `json:"number"`
	Head   branch `json:"head"`
	Base   struct {
		branch
		Repo struct {
			ID int64 `json:"id"`
		} `json:"repo"`
	} `json:"base"`
}

// number is the pull request's or issue's that the delivery is about, 0 where
// it is about none.
func (p *payload) number() int {
	if p.PullRequest != nil {
		return p.PullRequest.Number
	}
	return p.Issue.Number
}

// ref is the pull request of that number, or the repository itself for 0.
func (p *payload) ref(number int) fact.Ref {
	owner, name := p.Repository.names()
	return fact.Ref{Installation: p.Installation.ID, Owner: owner, Repo: name, Number: number}
}
