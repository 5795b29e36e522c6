package githubtest

import (
	"regexp"
	"slices"
	"strings"
)

// Who may call an operation.
const (
	asToken        = iota // an installation or a person
	asApp                 // an App by its JSON web token
	asInstallation        // an installation only
	asAny                 // anybody
)

// operation is one operation of GitHub's REST API, or its GraphQL endpoint.
type operation struct {
	route string
	id    string // in GitHub's contract
	auth  int
	// permissions that an installation needs one of, at level.
	// https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
	permissions []string
	level       string // "read" or "write"
	content     bool   // creates content, for the secondary limits
	free        bool   // not counted against the limits
	do          func(*request) *response
}

var graphQLOperation = &operation{route: "POST /graphql", id: "graphql", level: "read", do: func(r *request) *response {
	var q graphQLRequest
	r.decode(&q)
	answer := r.s.answerGraphQL(r.c, q)
	r.s.limits.state(r.c.name(), "graphql").header(r.header)
	if len(answer.Errors) == 0 {
		return &response{status: 200, raw: slices.Concat([]byte(`{"data":`), answer.Data, []byte(`}`))}
	}
	return &response{status: 200, body: answer}
}}

var graphQLOperationName = regexp.MustCompile(`^\s*(?:query|mutation)\s+(\w+)`)

// graphQLName is the name of the operation in a GraphQL request's body.
func graphQLName(body []byte) string {
	var q graphQLRequest
	if unmarshal(body, &q) != nil {
		return ""
	}
	if q.OperationName != "" {
		return q.OperationName
	}
	m := graphQLOperationName.FindStringSubmatch(q.Query)
	if m == nil {
		return ""
	}
	return m[1]
}

func knownOperation(id string) bool {
	if id == "graphql" || strings.HasPrefix(id, "graphql/") {
		return true
	}
	for i := range operations {
		if operations[i].id == id {
			return true
		}
	}
	return false
}

func ok(body any) *response      { return &response{status: 200, body: body} }
func created(body any) *response { return &response{status: 201, body: body} }

func read(route, id string, do func(*request) *response, permissions ...string) operation {
	return operation{route: "GET " + route, id: id, permissions: permissions, level: "read", do: do}
}

func write(route, id string, do func(*request) *response, permissions ...string) operation {
	return operation{route: route, id: id, permissions: permissions, level: "write", content: !strings.HasPrefix(route, "DELETE"), do: do}
}

// as sets who may call the operation.
func (o operation) as(auth int) operation {
	o.auth = auth
	o.content = false
	return o
}

var operations = []operation{
	read("/app", "apps/get-authenticated", getApp).as(asApp),
	read("/app/installations", "apps/list-installations", listInstallations).as(asApp),
	read("/app/installations/{installation_id}", "apps/get-installation", getInstallation).as(asApp),
	write("POST /app/installations/{installation_id}/access_tokens", "apps/create-installation-access-token", createToken).as(asApp),
	read("/app/hook/config", "apps/get-webhook-config-for-app", getHookConfig).as(asApp),
	read("/app/hook/deliveries", "apps/list-webhook-deliveries", listDeliveries).as(asApp),
	read("/app/hook/deliveries/{delivery_id}", "apps/get-webhook-delivery", getDelivery).as(asApp),
	write("POST /app/hook/deliveries/{delivery_id}/attempts", "apps/redeliver-webhook-delivery", redeliver).as(asApp),
	write("POST /app-manifests/{code}/conversions", "apps/create-from-manifest", convertManifest).as(asAny),
	read("/installation/repositories", "apps/list-repos-accessible-to-installation", listAccessible).as(asInstallation),
	read("/repos/{owner}/{repo}/installation", "apps/get-repo-installation", getRepoInstallation).as(asApp),
	read("/orgs/{org}/installation", "apps/get-org-installation", getOrgInstallation).as(asApp),
	{route: "GET /rate_limit", id: "rate-limit/get", level: "read", free: true, do: getRateLimit},
	read("/meta", "meta/get", getMeta).as(asAny),

	read("/user", "users/get-authenticated", getSelf),
	read("/user/teams", "teams/list-for-authenticated-user", listOwnTeams),
	read("/users/{username}", "users/get-by-username", getUser).as(asAny),
	read("/orgs/{org}", "orgs/get", getOrg).as(asAny),
	read("/orgs/{org}/members/{username}", "orgs/check-membership-for-user", checkOrgMember, "members"),
	read("/orgs/{org}/teams", "teams/list", listTeams, "members"),
	read("/orgs/{org}/teams/{team_slug}", "teams/get-by-name", getTeam, "members"),
	read("/orgs/{org}/teams/{team_slug}/members", "teams/list-members-in-org", listTeamMembers, "members"),
	read("/orgs/{org}/teams/{team_slug}/memberships/{username}", "teams/get-membership-for-user-in-org", getTeamMembership, "members"),
	read("/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", "teams/check-permissions-for-repo-in-org", checkTeamRepo, "members"),

	read("/repos/{owner}/{repo}", "repos/get", getRepo, "metadata"),
	read("/repos/{owner}/{repo}/collaborators", "repos/list-collaborators", listCollaborators, "metadata"),
	read("/repos/{owner}/{repo}/collaborators/{username}", "repos/check-collaborator", checkCollaborator, "metadata"),
	read("/repos/{owner}/{repo}/collaborators/{username}/permission", "repos/get-collaborator-permission-level", getPermission, "metadata"),
	read("/repos/{owner}/{repo}/teams", "repos/list-teams", listRepoTeams, "administration"),
	read("/repos/{owner}/{repo}/rules/branches/{branch}", "repos/get-branch-rules", getBranchRules, "metadata"),
	read("/repos/{owner}/{repo}/rulesets", "repos/get-repo-rulesets", listRulesets, "metadata"),
	read("/repos/{owner}/{repo}/rulesets/{ruleset_id}", "repos/get-repo-ruleset", getRuleset, "metadata"),
	read("/repos/{owner}/{repo}/activity", "repos/list-activities", listActivity, "contents"),
	read("/repos/{owner}/{repo}/branches/{branch}", "repos/get-branch", getBranch, "contents"),
	read("/repos/{owner}/{repo}/branches/{branch}/protection", "repos/get-branch-protection", getProtection, "administration"),

	read("/repos/{owner}/{repo}/contents/{path...}", "repos/get-content", getContent, "contents"),
	write("PUT /repos/{owner}/{repo}/contents/{path...}", "repos/create-or-update-file-contents", putContent, "contents"),
	read("/repos/{owner}/{repo}/git/blobs/{file_sha}", "git/get-blob", getBlob, "contents"),
	read("/repos/{owner}/{repo}/git/trees/{tree_sha}", "git/get-tree", getTree, "contents"),
	read("/repos/{owner}/{repo}/git/ref/{ref...}", "git/get-ref", getRef, "contents"),
	write("POST /repos/{owner}/{repo}/git/refs", "git/create-ref", createRef, "contents"),
	read("/repos/{owner}/{repo}/compare/{basehead...}", "repos/compare-commits-with-basehead", getComparison, "contents"),
	read("/repos/{owner}/{repo}/commits", "repos/list-commits", listCommits, "contents"),
	read("/repos/{owner}/{repo}/commits/{ref...}", "repos/get-commit", getCommit, "contents"),
	read("/repos/{owner}/{repo}/commits/{commit_sha}/pulls", "repos/list-pull-requests-associated-with-commit", listCommitPulls, "pull_requests"),

	read("/repos/{owner}/{repo}/commits/{ref}/check-runs", "checks/list-for-ref", listCheckRuns, "checks"),
	read("/repos/{owner}/{repo}/commits/{ref}/status", "repos/get-combined-status-for-ref", getCombinedStatus, "statuses"),
	write("POST /repos/{owner}/{repo}/statuses/{sha}", "repos/create-commit-status", createStatus, "statuses"),
	write("POST /repos/{owner}/{repo}/check-runs", "checks/create", createCheckRun, "checks"),
	read("/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks/get", getCheckRun, "checks"),
	write("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", "checks/update", updateCheckRun, "checks"),
	read("/repos/{owner}/{repo}/check-suites/{check_suite_id}", "checks/get-suite", getCheckSuite, "checks"),

	read("/repos/{owner}/{repo}/pulls", "pulls/list", listPulls, "pull_requests"),
	write("POST /repos/{owner}/{repo}/pulls", "pulls/create", createPull, "pull_requests"),
	read("/repos/{owner}/{repo}/pulls/{pull_number}", "pulls/get", getPull, "pull_requests"),
	write("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", "pulls/update", updatePull, "pull_requests"),
	read("/repos/{owner}/{repo}/pulls/{pull_number}/files", "pulls/list-files", listPullFiles, "pull_requests"),
	read("/repos/{owner}/{repo}/pulls/{pull_number}/commits", "pulls/list-commits", listPullCommits, "pull_requests"),
	read("/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "pulls/list-reviews", listReviews, "pull_requests"),
	write("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews", "pulls/create-review", createReview, "pull_requests"),
	write("PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals", "pulls/dismiss-review", dismissReview, "pull_requests"),
	read("/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", "pulls/list-requested-reviewers", listRequested, "pull_requests"),
	write("POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", "pulls/request-reviewers", requestReviewers, "pull_requests"),
	write("DELETE /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", "pulls/remove-requested-reviewers", removeReviewers, "pull_requests"),

	read("/repos/{owner}/{repo}/issues", "issues/list-for-repo", listIssues, "issues", "pull_requests"),
	write("POST /repos/{owner}/{repo}/issues", "issues/create", createIssue, "issues"),
	read("/repos/{owner}/{repo}/issues/{issue_number}", "issues/get", getIssue, "issues", "pull_requests"),
	write("PATCH /repos/{owner}/{repo}/issues/{issue_number}", "issues/update", updateIssue, "issues", "pull_requests"),
	read("/repos/{owner}/{repo}/issues/{issue_number}/comments", "issues/list-comments", listComments, "issues", "pull_requests"),
	write("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", "issues/create-comment", createComment, "issues", "pull_requests"),
	read("/repos/{owner}/{repo}/issues/comments/{comment_id}", "issues/get-comment", getComment, "issues", "pull_requests"),
	write("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", "issues/update-comment", updateComment, "issues", "pull_requests"),
	write("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", "issues/delete-comment", deleteComment, "issues", "pull_requests"),
	write("POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", "reactions/create-for-issue-comment", createReaction, "issues", "pull_requests"),
	read("/repos/{owner}/{repo}/issues/{issue_number}/labels", "issues/list-labels-on-issue", listLabels, "issues", "pull_requests"),
	write("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", "issues/add-labels", addLabels, "issues", "pull_requests"),
	write("DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", "issues/remove-label", removeLabel, "issues", "pull_requests"),
	write("POST /repos/{owner}/{repo}/issues/{issue_number}/assignees", "issues/add-assignees", addAssignees, "issues", "pull_requests"),
	write("DELETE /repos/{owner}/{repo}/issues/{issue_number}/assignees", "issues/remove-assignees", removeAssignees, "issues", "pull_requests"),
	read("/repos/{owner}/{repo}/issues/{issue_number}/timeline", "issues/list-events-for-timeline", listTimeline, "issues", "pull_requests"),
}
