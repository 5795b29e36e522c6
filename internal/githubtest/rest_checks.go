package githubtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a check run.
// https://docs.github.com/en/rest/checks/runs#create-a-check-run
const (
	maxOutput            = 65_535 // characters of summary and of text
	maxAnnotations       = 50     // in one call
	maxActions           = 3
	maxActionLabel       = 20
	maxActionDescription = 40
	maxActionIdentifier  = 20
)

type checkInput struct {
	Name        *string    `json:"name"`
	HeadSHA     string     `json:"head_sha"`
	Status      *string    `json:"status"`
	Conclusion  *string    `json:"conclusion"`
	ExternalID  *string    `json:"external_id"`
	DetailsURL  *string    `json:"details_url"`
	StartedAt   *time.Time `json:"started_at"`
	CompletedAt *time.Time `json:"completed_at"`
	Output      *struct {
		Title       *string `json:"title"`
		Summary     *string `json:"summary"`
		Text        *string `json:"text"`
		Annotations []struct {
			Path      string `json:"path"`
			StartLine int    `json:"start_line"`
			EndLine   int    `json:"end_line"`
			Level     string `json:"annotation_level"`
			Title     string `json:"title"`
			Message   string `json:"message"`
		} `json:"annotations"`
	} `json:"output"`
	Actions *[]struct {
		Label       string `json:"label"`
		Description string `json:"description"`
		Identifier  string `json:"identifier"`
	} `json:"actions"`
}

var conclusions = []string{"success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"}

// validate ends in GitHub's 422 where the input breaks a bound.
func (in *checkInput) validate() {
	invalid := func(format string, args ...any) { unprocessable("Invalid request.\n\n" + fmt.Sprintf(format, args...)) }
	if in.Conclusion != nil && !slices.Contains(conclusions, *in.Conclusion) {
		invalid("%q is not a valid conclusion.", *in.Conclusion)
	}
	if in.Status != nil && *in.Status == "completed" && in.Conclusion == nil {
		invalid("A conclusion is required when the status is completed.")
	}
	if in.Output != nil {
		if in.Output.Summary == nil {
			invalid("\"summary\" wasn't supplied.")
		}
		for name, text := range map[string]*string{"summary": in.Output.Summary, "text": in.Output.Text} {
			if text != nil && utf8.RuneCountInString(*text) > maxOutput {
				invalid("Only %d characters are allowed; %s has more.", maxOutput, name)
			}
		}
		if len(in.Output.Annotations) > maxAnnotations {
			invalid("No more than %d annotations are permitted in one request.", maxAnnotations)
		}
		for _, a := range in.Output.Annotations {
			if a.Path == "" || a.StartLine < 1 || a.EndLine < a.StartLine || a.Message == "" ||
				!slices.Contains([]string{"notice", "warning", "failure"}, a.Level) {
				invalid("An annotation is not valid: %+v", a)
			}
		}
	}
	if in.Actions != nil {
		if len(*in.Actions) > maxActions {
			invalid("No more than %d items are allowed; %d were supplied.", maxActions, len(*in.Actions))
		}
		for _, a := range *in.Actions {
			if a.Label == "" || a.Description == "" || a.Identifier == "" || utf8.RuneCountInString(a.Label) > maxActionLabel ||
				utf8.RuneCountInString(a.Description) > maxActionDescription || utf8.RuneCountInString(a.Identifier) > maxActionIdentifier {
				invalid("An action is not valid: %+v", a)
			}
		}
	}
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// apply writes the input to a run. A completed run stays completed, with its
// conclusion, whatever is sent (behaviour 9). Annotations are added to those that are there.
func (in *checkInput) apply(run *CheckRun) {
	set(&run.name, in.Name)
	set(&run.externalID, in.ExternalID)
	set(&run.detailsURL, in.DetailsURL)
	set(&run.started, in.StartedAt)
	switch {
	case run.status == "completed": // it keeps both
	case in.Conclusion != nil:
		run.status, run.conclusion = "completed", *in.Conclusion
		run.completed = run.s.now()
	case in.Status != nil:
		run.status = *in.Status
	}
	if run.status == "completed" {
		set(&run.completed, in.CompletedAt)
	}
	if in.Output != nil {
		set(&run.title, in.Output.Title)
		set(&run.summary, in.Output.Summary)
		set(&run.text, in.Output.Text)
		for _, a := range in.Output.Annotations {
			run.annotations = append(run.annotations, Annotation{a.Path, a.StartLine, a.EndLine, a.Level, a.Title, a.Message})
		}
	}
	if in.Actions != nil {
		run.actions = nil
		for _, a := range *in.Actions {
			run.actions = append(run.actions, CheckAction{a.Label, a.Description, a.Identifier})
		}
	}
}

// byApp is the App that calls; checks are for Apps alone.
func (r *request) byApp() *App {
	if r.c.installation == nil {
		refuse(403, "You must authenticate via a GitHub App.")
	}
	return r.c.app
}

func createCheckRun(r *request) *response {
	repo, app := r.repo(), r.byApp()
	var in checkInput
	r.decode(&in)
	if in.Name == nil || *in.Name == "" || in.HeadSHA == "" {
		unprocessable("Invalid request.\n\n\"name\" and \"head_sha\" are required.")
	}
	in.validate()
	if repo.objects.commits[in.HeadSHA] == nil {
		unprocessable("No commit found for SHA: " + in.HeadSHA)
	}
	run := repo.newRun(app, *in.Name, in.HeadSHA)
	in.apply(run)
	r.settle(run, "created")
	return created(r.s.checkObject(run))
}

// settle brings the suite up to date and tells of the run: of its creation,
// and of its completion each time that it is written as completed
// (behaviour 17).
func (r *request) settle(run *CheckRun, action string) {
	was := run.suite.status
	run.suite.settle()
	if action != "" {
		r.s.emitCheck(run, action, r.c.user, nil)
	}
	if run.status == "completed" {
		r.s.emitCheck(run, "completed", r.c.user, nil)
	}
	if run.suite.status == "completed" && was != "completed" {
		r.s.emitSuite(run.suite, "completed", r.c.user)
	}
}

func (r *request) checkRun() *CheckRun {
	run := r.repo().runByID[r.number("check_run_id")]
	if run == nil {
		notFound()
	}
	return run
}

func getCheckRun(r *request) *response { return ok(r.s.checkObject(r.checkRun())) }

func updateCheckRun(r *request) *response {
	run := r.checkRun()
	if run.app != r.byApp() {
		refuse(403, "Invalid app_id `%d` - check run can only be modified by the GitHub App that created it.", r.c.app.id)
	}
	var in checkInput
	r.decode(&in)
	in.validate()
	in.apply(run)
	run.updates++
	r.settle(run, "")
	return ok(r.s.checkObject(run))
}

func getCheckSuite(r *request) *response {
	id := r.number("check_suite_id")
	repo := r.repo()
	for _, c := range repo.suites {
		if c.id == id {
			return ok(with(r.s.suiteObject(c), object{"repository": r.s.repoObject(repo)}))
		}
	}
	notFound()
	return nil
}

// listCheckRuns lists the latest run of each name and App, or all of them
// where filter=all.
func listCheckRuns(r *request) *response {
	repo := r.repo()
	c := r.at(repo, r.PathValue("ref"))
	runs := repo.latestRuns(c.sha)
	if r.query.Get("filter") == "all" {
		runs = slices.Clone(repo.runs[c.sha])
	}
	runs = slices.DeleteFunc(runs, func(run *CheckRun) bool {
		q := r.query
		return q.Has("check_name") && q.Get("check_name") != run.name || q.Has("status") && q.Get("status") != run.status ||
			q.Has("app_id") && q.Get("app_id") != fmt.Sprint(run.app.id)
	})
	slices.Reverse(runs) // newest first
	from, to := r.page(len(runs), 100)
	return ok(object{"total_count": len(runs), "check_runs": list(runs[from:to], r.s.checkObject)})
}

func (s *Server) statusObject(st *Status) object {
	return object{
		"url": s.api("/repos/%s/statuses/%s", st.repo.fullName(), st.sha), "avatar_url": s.page("/avatars/%d", st.creator.id), "id": st.id,
		"node_id": nodeID("Status", st.id), "state": st.state, "description": orNull(st.description), "target_url": orNull(st.target),
		"context": st.context, "created_at": stamp(st.at), "updated_at": stamp(st.at), "creator": s.userObject(st.creator),
	}
}

func createStatus(r *request) *response {
	repo := r.repo()
	r.mayPush(repo)
	var in struct {
		State       string `json:"state"`
		TargetURL   string `json:"target_url"`
		Description string `json:"description"`
		Context     string `json:"context"`
	}
	r.decode(&in)
	if !slices.Contains([]string{"error", "failure", "pending", "success"}, in.State) {
		unprocessable("Validation Failed", object{"resource": "Status", "code": "custom", "field": "state", "message": "state is not included in the list"})
	}
	if utf8.RuneCountInString(in.Description) > 140 {
		unprocessable("Validation Failed", object{"resource": "Status", "code": "custom", "field": "description", "message": "description is too long (maximum is 140 characters)"})
	}
	sha := r.PathValue("sha")
	if repo.objects.commits[sha] == nil {
		unprocessable("No commit found for SHA: " + sha)
	}
	return created(r.s.statusObject(repo.status(r.c.user, sha, in.Context, in.State, in.Description, in.TargetURL)))
}

func getCombinedStatus(r *request) *response {
	repo := r.repo()
	c := r.at(repo, r.PathValue("ref"))
	all := repo.latestStatuses(c.sha)
	state := "success"
	if len(all) == 0 {
		state = "pending"
	}
	for _, st := range all {
		switch {
		case st.state == "failure" || st.state == "error":
			state = "failure"
		case st.state == "pending" && state != "failure":
			state = "pending"
		}
	}
	from, to := r.page(len(all), 100)
	return ok(object{
		"state": state, "sha": c.sha, "total_count": len(all), "statuses": list(all[from:to], func(st *Status) object {
			return without(r.s.statusObject(st), "creator")
		}),
		"repository": r.s.repoObject(repo), "commit_url": r.s.api("/repos/%s/commits/%s", repo.fullName(), c.sha),
		"url": r.s.api("/repos/%s/commits/%s/status", repo.fullName(), c.sha),
	})
}

func listRulesets(r *request) *response {
	repo := r.repo()
	from, to := r.page(len(repo.rulesets), 100)
	return ok(list(repo.rulesets[from:to], func(rs *Ruleset) object { return r.s.rulesetObject(rs, false) }))
}

func getRuleset(r *request) *response {
	id, repo := r.number("ruleset_id"), r.repo()
	for _, rs := range repo.rulesets {
		if rs.id == id {
			o := r.s.rulesetObject(rs, true)
			// Who may pass it by is shown only to those who may edit it.
			// https://docs.github.com/en/rest/repos/rules#get-a-repository-ruleset
			if !r.c.may("administration", "write") || r.c.installation == nil && repo.permissionOf(r.c.user) != "admin" {
				delete(o, "bypass_actors")
			}
			return ok(o)
		}
	}
	notFound()
	return nil
}

func (s *Server) rulesetObject(rs *Ruleset, whole bool) object {
	o := object{
		"id": rs.id, "name": rs.name, "target": "branch", "source_type": "Repository", "source": rs.repo.fullName(), "enforcement": rs.enforcement,
		"node_id": fmt.Sprintf("RRS_%d", rs.id), "created_at": stamp(rs.repo.created), "updated_at": stamp(rs.repo.created),
	}
	if !whole {
		return o
	}
	include := []string{}
	for _, b := range rs.branches {
		if !strings.HasPrefix(b, "~") {
			b = "refs/heads/" + b
		}
		include = append(include, b)
	}
	o["conditions"] = object{"ref_name": object{"include": include, "exclude": []string{}}}
	o["rules"] = rs.ruleObjects()
	o["bypass_actors"] = list(rs.bypass, func(b Bypass) object {
		return object{"actor_id": b.ID, "actor_type": b.Kind, "bypass_mode": b.Mode}
	})
	return o
}

func (rs *Ruleset) ruleObjects() []any {
	out := []any{}
	if len(rs.checks) > 0 {
		out = append(out, object{"type": "required_status_checks", "parameters": object{
			"strict_required_status_checks_policy": rs.strict, "do_not_enforce_on_create": rs.onCreation, "required_status_checks": list(rs.checks, checkRequirement),
		}})
	}
	if rs.pullRequest {
		out = append(out, object{"type": "pull_request", "parameters": object{
			"required_approving_review_count": rs.approvals, "dismiss_stale_reviews_on_push": rs.dismissStale,
			"require_code_owner_review": rs.codeOwners, "require_last_push_approval": rs.lastPush, "required_review_thread_resolution": false,
		}})
	}
	for _, kind := range rs.more {
		out = append(out, object{"type": kind})
	}
	return out
}

func checkRequirement(c RequiredCheck) object {
	o := object{"context": c.Context}
	if c.App != 0 {
		o["integration_id"] = c.App
	}
	return o
}

func getBranchRules(r *request) *response {
	repo := r.repo()
	var all []any
	for _, rs := range repo.rulesets {
		if !rs.covers(r.PathValue("branch")) {
			continue
		}
		for _, rule := range rs.ruleObjects() {
			all = append(all, with(rule.(object), object{"ruleset_source_type": "Repository", "ruleset_source": repo.fullName(), "ruleset_id": rs.id}))
		}
	}
	from, to := r.page(len(all), 100)
	return ok(append([]any{}, all[from:to]...))
}

func (s *Server) protectionObject(repo *Repo, p *Protection) object {
	at := s.api("/repos/%s/branches/%s/protection", repo.fullName(), p.branch)
	contexts, enforcement := []string{}, "non_admins"
	if p.admins {
		enforcement = "everyone"
	}
	for _, c := range p.checks {
		contexts = append(contexts, c.Context)
	}
	return object{
		"url": at,
		"required_status_checks": object{
			"url": at + "/required_status_checks", "enforcement_level": enforcement, "strict": p.strict, "contexts": contexts, "contexts_url": at + "/required_status_checks/contexts",
			"checks": list(p.checks, func(c RequiredCheck) object {
				o := object{"context": c.Context, "app_id": nil}
				if c.App != 0 {
					o["app_id"] = c.App
				}
				return o
			}),
		},
		"enforce_admins": object{"url": at + "/enforce_admins", "enabled": p.admins},
	}
}

func getProtection(r *request) *response {
	repo := r.repo()
	p := repo.protections[r.PathValue("branch")]
	if p == nil {
		refuse(404, "Branch not protected")
	}
	return ok(r.s.protectionObject(repo, p))
}

func getBranch(r *request) *response {
	repo := r.repo()
	name := r.PathValue("branch")
	sha := repo.branches[name]
	if sha == "" {
		refuse(404, "Branch not found")
	}
	at := r.s.api("/repos/%s/branches/%s", repo.fullName(), name)
	o := object{
		"name": name, "commit": r.s.commitObject(repo, repo.objects.commits[sha]), "protected": repo.protections[name] != nil,
		"_links": object{"self": at, "html": r.s.page("/%s/tree/%s", repo.fullName(), name)}, "protection_url": at + "/protection",
		"protection": object{"enabled": false},
	}
	if p := repo.protections[name]; p != nil {
		o["protection"] = with(r.s.protectionObject(repo, p), object{"enabled": true})
	}
	return ok(o)
}

// listActivity lists the newest first (behaviour 28); it pages by cursor, of which the fake
// gives the first page alone.
func listActivity(r *request) *response {
	repo := r.repo()
	out := []any{}
	for _, a := range slices.Backward(repo.activity) {
		if ref := r.query.Get("ref"); ref != "" && a.ref != ref && a.ref != "refs/heads/"+ref {
			continue
		}
		if who := r.query.Get("actor"); who != "" && !strings.EqualFold(who, a.actor.login) {
			continue
		}
		out = append(out, object{
			"id": a.id, "node_id": fmt.Sprintf("PSH_%d", a.id), "before": a.before, "after": a.after, "ref": a.ref, "timestamp": stamp(a.at),
			"activity_type": a.kind, "actor": r.s.userObject(a.actor),
		})
	}
	_, to := r.page(len(out), 100)
	return ok(out[:to])
}
