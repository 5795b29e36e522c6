package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// A fork's branch moves while it is being read, and its repository goes.
func TestThreat16AForkThatMovesWhileItIsRead(t *testing.T) {
	var seenByName string
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			w.gh.Hold()
			pr := w.repo.Open(githubtest.PullRequest{Author: "mallory", Fork: true, Files: githubtest.Files{"net/main.tf": newProject}})
			evil := pr.Head()
			fork := w.repo.Fork("mallory")
			if trick {
				var once sync.Once
				harmless := func() {
					once.Do(func() {
						pr.ForcePush("mallory", githubtest.Files{"README.md": "# Other\n"})
						if _, ok := fork.Read(pr.HeadBranch(), "net/main.tf"); ok {
							seenByName = "net/main.tf"
						}
						pr.PushTo("mallory", evil)
					})
				}
				w.gh.Inject(githubtest.Fault{Operation: "graphql", After: harmless})
			}
			w.gh.Release()
			w.settle()
			pr.Approve("ana")
			if !trick {
				pr.Approve("sam")
			}
			w.settle()
			fork.Delete()
			pr.Comment("eve", "/recheck")
			return pr
		},
		// Contents by the branch's name, at the moment of reading.
		naive:  func(*world, *githubtest.Pull, fact.Pull) bool { return seenByName == "" },
		caught: waitsForSecurity, control: passes,
		says: []string{"net/main.tf"},
	}.run(t)
}

// Somebody else posts a check, or a status, of rolecall's name.
func TestThreat17AForgedCheck(t *testing.T) {
	for name, forge := range variants(map[string]func(w *world, pr *githubtest.Pull){
		"by another App": func(w *world, pr *githubtest.Pull) { pr.PostCheck(w.gh.OtherApp("ci"), "rolecall: main", "success") },
		"as a status":    func(_ *world, pr *githubtest.Pull) { pr.PostStatus("dan", "rolecall: main", "success") },
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				play: func(w *world, trick bool) *githubtest.Pull {
					w.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "rolecall: main", App: w.gh.App().ID()})
					pr := w.open("dan", githubtest.Files{"main.go": goBefore})
					w.settle()
					if trick {
						forge(w, pr)
						pr.Comment("eve", "/recheck")
						w.settle()
						if ok, _ := pr.Mergeable(); ok {
							w.t.Error("the forged check lets it merge, although the required one is pinned to the App")
						}
					} else {
						pr.Approve("ana")
					}
					return pr
				},
				// Any green of that name.
				naive: func(_ *world, pr *githubtest.Pull, _ fact.Pull) bool {
					green := slices.ContainsFunc(pr.Checks(), func(c githubtest.Check) bool {
						return c.Name == "rolecall: main" && c.Conclusion == "success"
					})
					return green || pr.Statuses()["rolecall: main"] == "success"
				},
				caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
				says: []string{"Somebody else posted 1 check of this name"},
			}.run(t)
		})
	}
}

// Two pull requests share a head: the one that needs less shows its green
// where the other would.
func TestThreat18TwoPullRequestsShareAHead(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			one := w.open("dan", githubtest.Files{"main.go": goBefore})
			one.Label("eve", "security")
			w.settle()
			if trick {
				w.repo.Push("twin", one.Head(), "dan")
				two := w.repo.Open(githubtest.PullRequest{Author: "dan", Title: "The same without the label", Head: "twin"})
				two.Approve("ana")
				w.settle()
			} else {
				one.Approve("sam")
			}
			one.Approve("ana")
			return one
		},
		// The latest decision at that commit.
		naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
			return w.facts(w.repo.Pull(2)).Reviews[0].State == fact.Approved && !slices.Contains(w.facts(w.repo.Pull(2)).Labels, "security")
		},
		caught: waitsForSecurity, control: passes,
		says: []string{"#2"},
	}.run(t)
}

// Deliveries are lost, doubled, and come in the wrong order.
func TestThreat21DeliveriesInDisorder(t *testing.T) {
	var last string
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			w.settle()
			w.gh.Hold()
			pr.Approve("ana")
			w.pass(2 * time.Second)
			if trick {
				pr.Dismiss("ana", "mia")
			}
			w.gh.Release(func(list []githubtest.Delivery) []githubtest.Delivery {
				slices.Reverse(list)
				last = list[len(list)-1].Action
				return list
			})
			w.settle()
			if trick {
				// Something is lost altogether, and everything comes twice.
				w.gh.Disturb(githubtest.Disturbance{Choose: func(d githubtest.Delivery) githubtest.Disturbance {
					return githubtest.Disturbance{Drop: d.Event == "pull_request", Copies: 2}
				}})
				pr.Push("dan", githubtest.Files{"main.go": goAfter})
				pr.Comment("eve", "/recheck")
				w.settle()
				w.gh.Disturb(githubtest.Disturbance{})
			}
			return pr
		},
		// The latest event wins.
		naive:  func(*world, *githubtest.Pull, fact.Pull) bool { return last == "submitted" },
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"dismissed"},
	}.run(t)
}

// The installation loses what it reads by, midway.
func TestThreat22TheInstallationLosesAccess(t *testing.T) {
	for name, test := range variants(map[string]struct {
		lose   func(w *world)
		caught shown
		says   string
	}{
		"to a team":                                 {func(w *world) { w.org.Team("security").Delete() }, shown{"action_required", "Nobody can approve as"}, "the members of @acme/security are not known"},
		"to all teams, for want of a permission":    {func(w *world) { w.gh.App().Permit("members", "") }, shown{"action_required", "Nobody can approve as"}, "lacks the permission to read it"},
		"to the contents, for want of a permission": {func(w *world) { w.gh.App().Permit("contents", "") }, shown{"failure", "policy"}, "permission"},
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				play: func(w *world, trick bool) *githubtest.Pull {
					pr := w.open("dan", githubtest.Files{"net/main.tf": newProject})
					pr.Approve("ana")
					w.settle()
					w.pass(2 * time.Hour) // what was remembered of teams is read again
					if trick {
						test.lose(w)
					} else {
						pr.Approve("sam")
					}
					w.wipe()
					pr.Comment("eve", "/recheck")
					return pr
				},
				naive:  whatIsNotFoundIsNotThere,
				caught: test.caught, control: passes,
				says: []string{test.says},
			}.run(t)
		})
	}
	t.Run("to the repository", attack{
		blind: true,
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"net/main.tf": newProject})
			w.settle()
			if trick {
				w.gh.App().Installation("acme").Select(w.org.Repo("other"))
			}
			pr.Approve("ana")
			if !trick {
				pr.Approve("sam")
			}
			return pr
		},
		// Who says nothing has no objection.
		naive: func(_ *world, pr *githubtest.Pull, _ fact.Pull) bool {
			return !slices.ContainsFunc(pr.Checks(), func(c githubtest.Check) bool { return c.Conclusion == "failure" })
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer, Security Engineer"}, control: passes,
		says: []string{"Cloud Engineer", "Security Engineer"},
	}.run)
}

// whatIsNotFoundIsNotThere takes GitHub's refusals for absence: a policy that is
// not found asks for nothing, and a team that is not found has nobody who would
// have to approve.
func whatIsNotFoundIsNotThere(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
	client := w.app().Client(w.ref(pr).Installation)
	seen, err := client.Pull(w.t.Context(), w.ref(pr), github.PullOptions{Policy: policy.RepoPath})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(seen.Policy.Bytes) == 0 {
		return true
	}
	for _, team := range []string{"acme/cloud", "acme/security"} {
		members, err := client.TeamMembers(w.t.Context(), team)
		if github.Refusal(err) != "" {
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if !slices.ContainsFunc(seen.Pull.Reviews, func(v fact.Review) bool {
			return v.State == fact.Approved && slices.Contains(fact.Logins(members), v.Author.Login)
		}) {
			return false
		}
	}
	return true
}

// A policy that is a bomb, on the default branch: whoever reads it without
// bounds takes it for a policy, and hangs on it or goes by it.
func TestThreat24APolicyThatIsABomb(t *testing.T) {
	for name, bomb := range variants(map[string]string{
		"braces":               `rule "b" {` + "\n  changes = glob(\"" + strings.Repeat("{a,b}", 30) + "\")\n  require \"manager\" {}\n}\n",
		"a regular expression": `rule "b" {` + "\n  when = length(regexall(\"((a{100}){100}){100}\", pull.title)) > 0\n  require \"manager\" {}\n}\n",
		"nesting":              `rule "b" {` + "\n  when = " + strings.Repeat("(", 3000) + "true" + strings.Repeat(")", 3000) + "\n  require \"manager\" {}\n}\n",
		"recursion":            "locals {\n  a = local.b\n  b = local.a\n}\nrule \"b\" {\n  when = local.a\n  require \"manager\" {}\n}\n",
		"a megabyte":           "# " + strings.Repeat("x", 1<<20) + "\n",
		"a product of lists":   "locals {\n  a = " + product(12) + "\n}\nrule \"b\" {\n  when = length(local.a) > 0\n  require \"manager\" {}\n}\n",
		"a text that doubles":  "locals {\n  a0 = \"xxxxxxxxxx\"\n" + doubling(30) + "}\nrule \"b\" {\n  when = local.a30 != \"\"\n  require \"manager\" {}\n}\n",
		"many rules":           manyRules(20_000),
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				if trick {
					w.repo.Commit("main", "More rules", githubtest.Files{policy.RepoPath: policyText + bomb}, githubtest.By("mia"))
				}
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				pr.Approve("ana")
				return pr
			},
			// What parses is a policy, and a rule that was not reached in time is
			// not in force.
			naive: func(w *world, pr *githubtest.Pull, p fact.Pull) bool {
				text, _ := w.repo.Read("main", policy.RepoPath)
				_, diags := hclsyntax.ParseConfig([]byte(text), policy.RepoPath, hcl.InitialPos)
				return !diags.HasErrors() && approvedAtHead(w, pr, p)
			},
			caught: shown{"failure", "policy"}, control: passes,
			says: []string{"rolecall.hcl"},
		}.run)
	}
}

// product is a list comprehension within another, n deep, over ten elements
// each.
func product(n int) string {
	text := "1"
	for i := range n {
		text = fmt.Sprintf("flatten([for x%d in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : %s])", i, text)
	}
	return text
}

// doubling makes locals of which each is twice the one before.
func doubling(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  a%d = \"${local.a%d}${local.a%[2]d}\"\n", i, i-1)
	}
	return b.String()
}

func manyRules(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "rule \"r%d\" {\n  changes = glob(\"**/*%d*\")\n  require \"manager\" {}\n}\n", i, i)
	}
	return b.String()
}

// Somebody names a branch as GitHub names those of its merge groups, after a
// pull request that is green, and asks for the checks of its commit: the green
// of the one must not land on the other.
func TestThreat17ABranchThatLooksLikeAMergeGroups(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			good := w.open("dan", githubtest.Files{"docs/x.md": "x\n"})
			w.expect(good, "success", "No rule")
			head := "change"
			if trick {
				head = fmt.Sprintf("gh-readonly-queue/main/pr-%d-%s", good.Number(), good.Head())
			}
			evil := w.repo.Open(githubtest.PullRequest{Author: "dan", Head: head, Files: githubtest.Files{"main.go": goAfter}})
			w.settle()
			w.arm(evil)
			evil.RerequestSuite("dan")
			w.settle()
			if !trick {
				evil.Approve("ana")
			}
			return evil
		},
		// Whoever reads the pull requests of a group off its branch's name.
		naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
			n, ok := github.GroupPull(pr.HeadBranch())
			return ok && state(w.repo.Pull(n)) == "success"
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"main.go"},
	}.run(t)
}
