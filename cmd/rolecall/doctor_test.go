package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/doctor"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
)

// wholePolicy leaves no file without a rule.
const wholePolicy = policyText + `
rule "everything else" {
  changes = uncovered.files
  require "cloud-engineer" {}
}
`

// patient is an organisation whose repository is set up as the guide says.
type patient struct {
	t    *testing.T
	gh   *githubtest.Server
	org  *githubtest.Org
	repo *githubtest.Repo
	key  string
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{t: t, gh: githubtest.New(t, githubtest.Options{}), key: filepath.Join(t.TempDir(), "key.pem")}
	app := p.gh.App()
	m := readManifest(t)
	for permission, level := range m.permissions {
		app.Permit(permission, level)
	}
	app.Subscribe(m.events...)
	app.DeliverTo("https://rolecall.example.com/webhook")
	if err := os.WriteFile(p.key, app.PrivateKeyPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	p.org = p.gh.Org("acme")
	cloud, security := p.org.Team("cloud", "ana", "bo"), p.org.Team("security", "sam", "tia")
	p.org.Member("mia")
	p.repo = p.org.Repo("cloud")
	cloud.Grant(p.repo, "push")
	security.Grant(p.repo, "push")
	p.repo.Commit("main", "Start", githubtest.Files{policy.RepoPath: wholePolicy})
	return p
}

// protect sets the ruleset of the guide.
func (p *patient) protect() *githubtest.Ruleset {
	return p.repo.Require([]string{"~DEFAULT_BRANCH"}, githubtest.RequiredCheck{Context: "rolecall: main", App: p.gh.App().ID()}).
		RequireReviews(0, false, false).Strict().Also("non_fast_forward", "deletion")
}

func (p *patient) doctor(args ...string) (code int, out string) {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"doctor", "--repo", "acme/cloud", "--github-url", p.gh.URL(), "--app-id", fmt.Sprint(p.gh.App().ID()), "--private-key-path", p.key}, args...)
	code = run(context.Background(), args, streams{in: strings.NewReader(""), out: &stdout, err: &stderr})
	if stderr.Len() > 0 {
		p.t.Logf("stderr: %s", stderr.String())
	}
	return code, stdout.String() + stderr.String()
}

// TestTheDoctorSaysWhatToMend sets one thing up wrongly at a time.
func TestTheDoctorSaysWhatToMend(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*patient)
		code  int
		want  []string
	}{
		"nothing, but the bypass list is hidden from an App": {func(p *patient) { p.protect() }, 0,
			[]string{"✓ permissions and events", `"rolecall: main" is required, from this App`, "? bypass list on main", "0 to look at, 0 to mend"}},
		"the check is not required": {func(*patient) {}, 1,
			[]string{`✗ required check on main: "rolecall: main" is not required`, "✗ pushes to main: whoever can write can push"}},
		"the check may come from anybody": {func(p *patient) {
			p.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "rolecall: main"}).RequireReviews(0, false, false)
		}, 1, []string{`✗ required check on main: "rolecall: main" is required from any source`, "choose this App"}},
		"the check is another App's": {func(p *patient) {
			p.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "rolecall: main", App: p.gh.OtherApp("ci").ID()}).RequireReviews(0, false, false)
		}, 1, []string{`✗ required check on main: "rolecall: main" is required from another App`}},
		"the ruleset is switched off": {func(p *patient) { p.protect().Disable() }, 1, []string{"✗ required check on main"}},
		"classic protection pins the check": {func(p *patient) {
			p.repo.Protect("main", githubtest.RequiredCheck{Context: "rolecall: main", App: p.gh.App().ID()}).HoldAdmins()
		}, 0, []string{`✓ required check on main`, "? pushes to main: classic branch protection may require", "✓ administrators on main: classic branch protection holds them too", "? force pushes to main", "Allow force pushes"}},
		"classic protection does not hold administrators": {func(p *patient) {
			p.repo.Protect("main", githubtest.RequiredCheck{Context: "rolecall: main", App: p.gh.App().ID()})
		}, 0, []string{"! administrators on main: classic branch protection does not hold them", "“Do not allow bypassing the above settings”"}},
		"a ruleset holds administrators where classic protection does not": {func(p *patient) {
			p.protect()
			p.repo.Protect("main", githubtest.RequiredCheck{Context: "rolecall: main", App: p.gh.App().ID()})
		}, 0, []string{"✓ required check on main", "0 to look at, 0 to mend"}},
		"the branch can be rewritten and deleted": {func(p *patient) {
			p.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "rolecall: main", App: p.gh.App().ID()}).RequireReviews(0, false, false).Strict()
		}, 0, []string{"! force pushes to main", "“Block force pushes”", "! deletion of main", "“Restrict deletions”"}},
		"branches may be out of date": {func(p *patient) {
			p.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "rolecall: main", App: p.gh.App().ID()}).RequireReviews(0, false, false).Also("non_fast_forward", "deletion")
		}, 0, []string{"? up-to-date branches on main", "“Require branches to be up to date before merging”", "0 to look at, 0 to mend"}},
		"new branches need no check": {func(p *patient) { p.protect().NotOnCreation() }, 0,
			[]string{"! new branches like main: the check is not required", "“Do not require status checks on creation”"}},
		"approvals are dismissed by every push": {func(p *patient) { p.protect().RequireReviews(1, true, true) }, 0,
			[]string{"! stale approvals on main", "“Dismiss stale pull request approvals when new commits are pushed”"}},
		"there is a merge queue": {func(p *patient) { p.protect().Also("merge_queue") }, 0,
			[]string{"✓ merge queue of main: rolecall answers for its groups"}},
		"somebody may pass the rules by": {func(p *patient) {
			p.protect().Bypass(githubtest.Bypass{ID: 7, Kind: "Team", Mode: "always"}).Bypass(githubtest.Bypass{Kind: "OrganizationAdmin", Mode: "pull_request"})
			p.gh.App().Permit("administration", "write")
		}, 0, []string{"! bypass list on main", "the team 7, owners of the organisation (in pull requests only)", "! permissions of the App: the App asks for more than rolecall uses: administration: write"}},
		"a permission was not accepted": {func(p *patient) { p.protect(); p.gh.App().Permit("checks", "read") }, 1,
			[]string{"✗ permission checks: the App asks for read, and rolecall needs write"}},
		"an event is not subscribed to": {func(p *patient) {
			p.protect()
			p.gh.App().Subscribe(slices.DeleteFunc(readManifest(p.t).events, func(e string) bool { return e == "push" })...)
		}, 1, []string{"✗ event push"}},
		"deliveries travel unencrypted": {func(p *patient) { p.protect(); p.gh.App().DeliverTo("http://rolecall.example.com/webhook") }, 0,
			[]string{"! webhook: deliveries travel unencrypted to rolecall.example.com"}},
		"there is no policy": {func(p *patient) { p.protect(); p.repo.Commit("main", "None", githubtest.Files{policy.RepoPath: ""}) }, 1,
			[]string{"✗ policy:"}},
		"the policy does not load": {func(p *patient) {
			p.protect()
			p.repo.Commit("main", "Spoil", githubtest.Files{policy.RepoPath: wholePolicy + "rule \"x\" { when = labl(\"a\") }\n"})
		}, 1, []string{"✗ policy: .github/rolecall.hcl:"}},
		"a team does not exist": {func(p *patient) {
			p.protect()
			p.repo.Commit("main", "Rename", githubtest.Files{policy.RepoPath: strings.ReplaceAll(wholePolicy, "@acme/cloud", "@acme/clouds")})
		}, 1, []string{"✗ team @acme/clouds: its members cannot be read", "✓ team @acme/security: 2 members"}},
		"a team has no access to the repository": {func(p *patient) { p.protect(); p.org.Team("security").Revoke(p.repo) }, 0,
			[]string{"! team @acme/security: it has no access"}},
		"a role is held by one": {func(p *patient) { p.protect(); p.org.Team("security").Remove("tia") }, 0,
			[]string{"! team @acme/security: it has one member: changes by @sam"}},
		"the installation is suspended": {func(p *patient) { p.gh.App().Installation("acme").Suspend() }, 1, []string{"✗ installation: the installation is suspended since"}},
		"the App is not installed":      {func(p *patient) { p.gh.App().Installation("acme").Delete() }, 1, []string{"✗ installation: the App is not installed on acme/cloud"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			test.spoil(p)
			code, out := p.doctor()
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, w := range test.want {
				if !strings.Contains(out, w) {
					t.Errorf("%q is not in:\n%s", w, out)
				}
			}
			for _, c := range p.gh.Calls() {
				if c.Method != http.MethodGet && c.Operation != "apps/create-installation-access-token" && c.Operation != "graphql" {
					t.Errorf("the doctor wrote: %s %s", c.Method, c.Path)
				}
			}
		})
	}
}

func TestTheDoctorNeedsWhatTheManifestAsksFor(t *testing.T) {
	if m := readManifest(t).permissions; !maps.Equal(m, doctor.Permissions) {
		t.Errorf("app.yml asks for %v, the doctor looks for %v", m, doctor.Permissions)
	}
}
