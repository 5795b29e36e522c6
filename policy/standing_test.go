package policy_test

import (
	"slices"
	"testing"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// snapshot is what stood at some paths at the commit "old": each path's blob
// at the head and at the merge base then.
func snapshot(blobs map[string][2]string) fact.Snapshot {
	s := fact.Snapshot{
		Commit: "old", MergeBase: fact.Known("mb"),
		Head: map[string]fact.Entry{}, Base: map[string]fact.Entry{}, Patches: map[string]string{},
	}
	of := func(blob string) fact.Entry {
		if blob == "" {
			return fact.Entry{}
		}
		return fact.Entry{Mode: "100644", Blob: blob}
	}
	for path, b := range blobs {
		s.Head[path], s.Base[path] = of(b[0]), of(b[1])
		s.Patches[path] = "patch " + b[0]
	}
	return s
}

func TestAnApprovalStandsWhileWhatItCoversIsTheSame(t *testing.T) {
	goOnly := load(t, goRule)
	all := load(t, people+`
rule "all" {
  require "cloud-engineer" {}
}`)
	old := review("ana", fact.Approved, 1, "old")
	undelivered := old
	undelivered.Delivered = ""
	renamed := fact.File{Path: "new.go", PreviousPath: "old.go", Status: fact.Renamed, Base: entry("base"), Head: entry("b")}
	same := map[string][2]string{"main.go": {"b", "base"}, "net.tf": {"n", "base"}}
	for _, tt := range []struct {
		name    string
		policy  *policy.Policy
		files   []fact.File
		then    map[string][2]string // nil: no snapshot
		review  fact.Review
		change  func(*fact.Pull)
		want    policy.Status
		because string
	}{
		{name: "nothing in the scope changed since", then: same, want: policy.Met},
		{name: "a file outside of the scope changed since", want: policy.Met, then: map[string][2]string{"main.go": {"b", "base"}, "net.tf": {"other", "base"}}},
		{
			name: "a file in the scope changed since", want: policy.Waiting, because: "review_stale",
			then: map[string][2]string{"main.go": {"other", "base"}, "net.tf": {"n", "base"}},
		},
		{
			name: "without a changes clause every file is in the scope", policy: all, want: policy.Waiting, because: "review_stale",
			then: map[string][2]string{"main.go": {"b", "base"}, "net.tf": {"other", "base"}},
		},
		{
			name: "the base of a file in the scope changed with a merge of it", want: policy.Waiting, because: "review_stale",
			then: map[string][2]string{"main.go": {"b", "older"}, "net.tf": {"n", "base"}},
		},
		{
			name: "a file in the scope was not changed then", want: policy.Waiting, because: "review_stale",
			then: map[string][2]string{"main.go": {"base", "base"}, "net.tf": {"n", "base"}},
		},
		{
			name: "a path in the scope was not read then", want: policy.Waiting, because: "review_stale",
			then: map[string][2]string{"net.tf": {"n", "base"}},
		},
		{name: "the approved commit was not read", want: policy.Waiting, because: "review_uncompared"},
		{
			name: "the approved commit could not be read", then: same, want: policy.Waiting, because: "review_uncompared",
			change: func(p *fact.Pull) { p.Snapshots["old"] = fact.Snapshot{Unknown: "gone"} },
		},
		{
			name: "its merge base is not known", then: same, want: policy.Waiting, because: "review_uncompared",
			change: func(p *fact.Pull) {
				s := p.Snapshots["old"]
				s.MergeBase = fact.Unknown[string]("gone")
				p.Snapshots["old"] = s
			},
		},
		{
			name: "what stands there now is not known", then: same, want: policy.Waiting, because: "review_stale",
			change: func(p *fact.Pull) { p.Files[0].Head = fact.Unknown[fact.Entry]("not read") },
		},
		{
			name: "its mode now is not known", then: same, want: policy.Waiting, because: "review_stale",
			change: func(p *fact.Pull) { p.Files[0].Head = fact.Known(fact.Entry{Blob: "b"}) },
		},
		{
			name: "only the mode changed", then: same, want: policy.Waiting, because: "review_stale",
			change: func(p *fact.Pull) { p.Files[0].Head = fact.Known(fact.Entry{Mode: "100755", Blob: "b"}) },
		},
		{
			name: "no record of the commit, and no force-push", review: undelivered, then: same, want: policy.Met,
		},
		{
			name: "no record of the commit, and a force-push before", review: undelivered, then: same, want: policy.Met,
			change: func(p *fact.Pull) { p.ForcePushes = []fact.ForcePush{{At: at(0)}} },
		},
		{
			name: "no record of the commit, and a force-push after", review: undelivered, then: same, want: policy.Waiting, because: "review_force_pushed",
			change: func(p *fact.Pull) { p.ForcePushes = []fact.ForcePush{{At: at(2)}} },
		},
		{
			name: "GitHub moved the commit to the head by a force-push", want: policy.Waiting, because: "review_force_pushed", then: same,
			review: fact.Review{ID: 1, Author: fact.Person{Login: "ana"}, State: fact.Approved, At: at(1), Commit: "head"},
			change: func(p *fact.Pull) { p.ForcePushes = []fact.ForcePush{{At: at(2)}} },
		},
		{
			name: "a force-push after, and the delivery is on record", then: same, want: policy.Met,
			change: func(p *fact.Pull) { p.ForcePushes = []fact.ForcePush{{At: at(2)}} },
		},
		{
			name: "a force-push back to the approved commit", want: policy.Met,
			review: approve("ana", 1),
			change: func(p *fact.Pull) { p.ForcePushes = []fact.ForcePush{{At: at(2)}, {At: at(3)}} },
		},
		{
			name: "the delivery names another commit than GitHub shows", want: policy.Waiting, because: "review_uncompared",
			review: fact.Review{ID: 1, Author: fact.Person{Login: "ana"}, State: fact.Approved, At: at(1), Commit: "head", Delivered: "old"},
		},
		{
			name: "the base branch was changed after", review: approve("ana", 1), want: policy.Waiting, because: "review_retargeted",
			change: func(p *fact.Pull) { p.Retargets = []fact.Retarget{{From: "lenient", To: "main", At: at(2)}} },
		},
		{
			name: "the base branch was changed before", review: approve("ana", 1), want: policy.Met,
			change: func(p *fact.Pull) { p.Retargets = []fact.Retarget{{From: "lenient", To: "main", At: at(0)}} },
		},
		{
			name: "the timeline may lack a force-push", then: same, want: policy.Waiting, because: "timeline_unknown",
			change: func(p *fact.Pull) { p.Gaps = []fact.Gap{{About: fact.AboutTimeline, Reason: "x"}} },
		},
		{
			name: "no commit is known for it", want: policy.Waiting, because: "review_unbound",
			review: fact.Review{ID: 1, Author: fact.Person{Login: "ana"}, State: fact.Approved, At: at(1)},
		},
		{
			name: "a rename is the same", files: []fact.File{renamed}, want: policy.Met,
			then: map[string][2]string{"new.go": {"b", ""}, "old.go": {"", "base"}},
		},
		{
			name: "the old name of a rename still stood", files: []fact.File{renamed}, want: policy.Waiting, because: "review_stale",
			then: map[string][2]string{"new.go": {"b", ""}, "old.go": {"base", "base"}},
		},
		{
			name: "an added file is the same", want: policy.Met, then: map[string][2]string{"a.go": {"b", ""}},
			files: []fact.File{{Path: "a.go", Status: fact.Added, Base: fact.Unknown[fact.Entry]("not asked"), Head: entry("b")}},
		},
		{
			name: "a removed file is the same", want: policy.Met, then: map[string][2]string{"a.go": {"", "base"}},
			files: []fact.File{{Path: "a.go", Status: fact.Removed, Base: entry("base"), Head: fact.Unknown[fact.Entry]("not asked")}},
		},
		{
			name: "a removed file was only changed then", want: policy.Waiting, because: "review_stale", then: map[string][2]string{"a.go": {"b", "base"}},
			files: []fact.File{{Path: "a.go", Status: fact.Removed, Base: entry("base"), Head: fact.Known(fact.Entry{})}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.policy
			if p == nil {
				p = goOnly
			}
			files := tt.files
			if files == nil {
				files = []fact.File{file("main.go", "b"), file("net.tf", "n")}
			}
			pull := change(p, files...)
			pull.Reviews = []fact.Review{tt.review}
			if tt.review.ID == 0 {
				pull.Reviews = []fact.Review{old}
			}
			pull.Snapshots = map[string]fact.Snapshot{}
			if tt.then != nil {
				pull.Snapshots["old"] = snapshot(tt.then)
			}
			if tt.change != nil {
				tt.change(&pull)
			}
			d := p.Evaluate(pull)
			wantStatus(t, d, tt.want)
			if got := codes(d.Reviews[0].Reasons); got != tt.because {
				t.Errorf("the review: %q, want %q\n%s", got, tt.because, describe(d))
			}
		})
	}
}

func TestStickySaysWhatAnApprovalIsHeldTo(t *testing.T) {
	for _, tt := range []struct {
		name, sticky string
		then         [2]string // blobs at the head and the base
		patch        string    // then
		change       func(*fact.Pull)
		want         policy.Status
	}{
		{name: "patch: the base moved under the same patch", sticky: "patch", then: [2]string{"b0", "older"}, patch: "patch b", want: policy.Met},
		{name: "patch: the patch changed", sticky: "patch", then: [2]string{"b0", "base"}, patch: "patch b0", want: policy.Waiting},
		{
			name: "patch: the same patch with another mode", sticky: "patch", then: [2]string{"b0", "older"}, patch: "patch b", want: policy.Waiting,
			change: func(p *fact.Pull) { p.Files[0].Head = fact.Known(fact.Entry{Mode: "120000", Blob: "b"}) },
		},
		{
			name: "patch: GitHub leaves the patch out", sticky: "patch", then: [2]string{"b0", "older"}, patch: "", want: policy.Waiting,
			change: func(p *fact.Pull) { p.Files[0].Patch = fact.Unknown[string]("too large") },
		},
		{
			name: "patch: left out, and the files are the same", sticky: "patch", then: [2]string{"b", "base"}, patch: "", want: policy.Met,
			change: func(p *fact.Pull) { p.Files[0].Patch = fact.Unknown[string]("too large") },
		},
		{
			name: "patch: an empty patch shows nothing", sticky: "patch", then: [2]string{"b0", "older"}, patch: "", want: policy.Waiting,
			change: func(p *fact.Pull) {
				p.Files[0].Patch = fact.Known("")
				p.Snapshots["old"].Patches["main.go"] = ""
			},
		},
		{name: "scope: the base moved under the same patch", sticky: "scope", then: [2]string{"b0", "older"}, patch: "patch b", want: policy.Waiting},
		{name: "never: another commit with the same files", sticky: "never", then: [2]string{"b", "base"}, patch: "patch b", want: policy.Waiting},
		{
			name: "never: the head itself", sticky: "never", then: [2]string{"b", "base"}, want: policy.Met,
			change: func(p *fact.Pull) { p.Reviews = []fact.Review{approve("ana", 1)} },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, people+`
rule "go" {
  changes = go.files
  sticky  = "`+tt.sticky+`"
  require "cloud-engineer" {}
}`)
			pull := change(p, file("main.go", "b"))
			pull.Reviews = []fact.Review{review("ana", fact.Approved, 1, "old")}
			s := snapshot(map[string][2]string{"main.go": tt.then})
			s.Patches = map[string]string{}
			if tt.patch != "" {
				s.Patches["main.go"] = tt.patch
			}
			pull.Snapshots = map[string]fact.Snapshot{"old": s}
			if tt.change != nil {
				tt.change(&pull)
			}
			wantStatus(t, p.Evaluate(pull), tt.want)
		})
	}
}

func TestAnEarlierApprovalStandsWhereTheLatestDoesNot(t *testing.T) {
	p := load(t, goRule)
	pull := change(p, file("main.go", "b"))
	pull.Reviews = []fact.Review{approve("ana", 1), review("ana", fact.Approved, 2, "old")}
	d := p.Evaluate(pull)
	wantStatus(t, d, policy.Met)
	if got := rule(t, d, "go").Require[0].Counted; len(got) != 1 || got[0].Review != 1 {
		t.Errorf("counted %+v, want the first review", got)
	}
}

// What a finding read and the change leaves as it is, such as the files of a
// module that is called, can change with the base, and can go with it.
func TestAFindingsFileThatTheBaseMovesIsHeldToWhatWasApproved(t *testing.T) {
	p := load(t, people+`
rule "infra" {
  changes = terraform.resources
  require "cloud-engineer" {}
}`)
	pull := change(p, file("m/main.tf", "b"))
	pull.Findings.Terraform.Resources.Items = []fact.Resource{{
		Address: "a.b", Type: "a", Name: "b", Action: fact.Update, Kind: fact.Known("compute"), Paths: []string{"m/main.tf", "shared/main.tf"},
	}}
	pull.Reviews = []fact.Review{review("ana", fact.Approved, 1, "old")}
	for _, tt := range []struct {
		name, moved string
		want        policy.Status
	}{
		{"nothing", "", policy.Met},
		{"the file", "shared/main.tf", policy.Waiting},
		{"a file beside it that is gone", "shared/gone.tf", policy.Waiting},
		{"a text beside it", "shared/README.md", policy.Met},
		{"a file of no finding", "other/main.tf", policy.Met},
	} {
		t.Run(tt.name, func(t *testing.T) {
			then := snapshot(map[string][2]string{"m/main.tf": {"b", "base"}})
			if tt.moved != "" {
				then.Head[tt.moved] = fact.Entry{}
			}
			pull.Snapshots = map[string]fact.Snapshot{"old": then}
			wantStatus(t, p.Evaluate(pull), tt.want)
		})
	}
}

func TestAFindingsFileThatIsNoLongerChangedIsHeldToItsBase(t *testing.T) {
	p := load(t, people+`
rule "infra" {
  changes = terraform.resources
  require "cloud-engineer" {}
}`)
	pull := change(p, file("m/main.tf", "b"))
	pull.Findings.Terraform.Resources.Items = []fact.Resource{{
		Address: "a.b", Type: "a", Name: "b", Action: fact.Update, Kind: fact.Known("compute"), Paths: []string{"m/main.tf", "m/variables.tf"},
	}}
	pull.Reviews = []fact.Review{review("ana", fact.Approved, 1, "old")}
	then := map[string][2]string{"m/main.tf": {"b", "base"}, "m/variables.tf": {"v", "v"}}
	for _, tt := range []struct {
		variables [2]string
		want      policy.Status
	}{{[2]string{"v", "v"}, policy.Met}, {[2]string{"w", "v"}, policy.Waiting}} {
		then["m/variables.tf"] = tt.variables
		pull.Snapshots = map[string]fact.Snapshot{"old": snapshot(then)}
		d := p.Evaluate(pull)
		wantStatus(t, d, tt.want)
		if !slices.Contains(rule(t, d, "infra").Scope.Paths, "m/variables.tf") {
			t.Fatal("the scope lacks what the analysis read")
		}
	}
	t.Run("more may have been changed then", func(t *testing.T) {
		then["m/variables.tf"] = [2]string{"v", "v"}
		s := snapshot(then)
		s.Incomplete = "GitHub lists 300 files of a comparison"
		pull.Snapshots = map[string]fact.Snapshot{"old": s}
		wantStatus(t, p.Evaluate(pull), policy.Waiting)
		pull.Findings.Terraform.Resources.Items[0].Paths = []string{"m/main.tf"}
		wantStatus(t, p.Evaluate(pull), policy.Met)
	})
}
