package githubtest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

func getApp(r *request) *response {
	o := r.s.appObject(r.c.app)
	n := 0
	for _, i := range r.s.installed {
		if i.app == r.c.app && !i.deleted {
			n++
		}
	}
	o["installations_count"] = n
	return ok(o)
}

func (s *Server) installations(a *App) []*Installation {
	var out []*Installation
	for _, i := range s.installed {
		if i.app == a && !i.deleted {
			out = append(out, i)
		}
	}
	return out
}

func listInstallations(r *request) *response {
	all := r.s.installations(r.c.app)
	from, to := r.page(len(all), 100)
	return ok(list(all[from:to], r.s.installationObject))
}

func (r *request) installation() *Installation {
	id := r.number("installation_id")
	for _, i := range r.s.installations(r.c.app) {
		if i.id == id {
			return i
		}
	}
	notFound()
	return nil
}

func getInstallation(r *request) *response { return ok(r.s.installationObject(r.installation())) }

func getRepoInstallation(r *request) *response {
	repo := r.s.repos[strings.ToLower(r.PathValue("owner")+"/"+r.PathValue("repo"))]
	if repo != nil {
		if i := r.s.reaching(r.c.app, repo); i != nil {
			return ok(r.s.installationObject(i))
		}
	}
	notFound()
	return nil
}

func getOrgInstallation(r *request) *response {
	i := r.s.installationOn(r.c.app, r.PathValue("org"))
	if i == nil {
		notFound()
	}
	return ok(r.s.installationObject(i))
}

// createToken makes an installation's token, narrowed to the repositories and
// permissions asked for; asking for more than was granted is a 422.
func createToken(r *request) *response {
	i := r.installation()
	if i.suspended {
		refuse(403, "This installation has been suspended")
	}
	var in struct {
		Repositories  []string          `json:"repositories"`
		RepositoryIDs []int64           `json:"repository_ids"`
		Permissions   map[string]string `json:"permissions"`
	}
	r.decode(&in)
	var secret [18]byte
	rand.Read(secret[:])
	t := &token{value: r.s.tokenText(i, secret[:]), installation: i, permissions: maps.Clone(i.permissions), expires: r.s.tokenNow().Add(tokenLife)}
	if len(in.Permissions) > 0 {
		t.permissions = map[string]string{"metadata": "read"}
		for p, level := range in.Permissions {
			if levels[level] == 0 || levels[i.permissions[p]] < levels[level] {
				unprocessable("The permissions requested are not granted to this installation.")
			}
			t.permissions[p] = level
		}
	}
	o := object{"token": t.value, "expires_at": stamp(t.expires), "permissions": maps.Clone(t.permissions), "repository_selection": "all"}
	if i.selected != nil {
		o["repository_selection"] = "selected"
	}
	if len(in.Repositories)+len(in.RepositoryIDs) > 0 {
		t.repos = map[*Repo]bool{}
		for _, repo := range i.covered() {
			for _, name := range in.Repositories {
				t.repos[repo] = t.repos[repo] || strings.EqualFold(name, repo.name)
			}
			for _, id := range in.RepositoryIDs {
				t.repos[repo] = t.repos[repo] || id == repo.id
			}
		}
		n := 0
		for _, in := range t.repos {
			if in {
				n++
			}
		}
		if n != len(in.Repositories)+len(in.RepositoryIDs) {
			unprocessable("There is at least one repository that does not exist or is not accessible to the parent installation.")
		}
		o["repository_selection"] = "selected"
	}
	r.s.tokens[t.value] = t
	return created(o)
}

// tokenText is what a token looks like: 40 characters, or, where the options
// ask for it, the stateless form of some 520 that names the App and holds a
// signed claim.
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
func (s *Server) tokenText(i *Installation, secret []byte) string {
	if !s.o.LongTokens {
		return "ghs_" + hex.EncodeToString(secret)
	}
	part := base64.RawURLEncoding.EncodeToString
	var signature [256]byte
	rand.Read(signature[:])
	claims := fmt.Sprintf(`{"iss":%d,"sub":%d,"jti":"%x"}`, i.app.id, i.id, secret)
	return fmt.Sprintf("ghs_%d_%s.%s.%s", i.app.id, part([]byte(`{"alg":"RS256","typ":"JWT"}`)), part([]byte(claims)), part(signature[:]))
}

func getHookConfig(r *request) *response {
	url := ""
	if len(r.c.app.hooks) > 0 {
		url = r.c.app.hooks[0].url
	}
	return ok(object{"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": url})
}

func deliveryObject(d Delivery) object {
	o := object{
		"id": d.ID, "guid": d.GUID, "delivered_at": stamp(d.At), "redelivery": d.Redelivery, "duration": d.Duration.Seconds(),
		"status": d.Status, "status_code": d.StatusCode, "event": d.Event, "action": orNull(d.Action), "installation_id": nil, "repository_id": nil,
		"throttled_at": nil,
	}
	if d.Installation != 0 {
		o["installation_id"] = d.Installation
	}
	if d.Repository != 0 {
		o["repository_id"] = d.Repository
	}
	return o
}

// ended lists the App's attempts that have ended and are not older than three
// days, newest first.
// https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries
func (s *Server) ended(a *App) []Delivery {
	all := s.Deliveries()
	var out []Delivery
	for i := len(all) - 1; i >= 0; i-- {
		if d := all[i]; d.App == a.slug && d.Done && s.now().Sub(d.At) <= deliveriesKept {
			out = append(out, d)
		}
	}
	return out
}

// listDeliveries pages by a cursor in the Link header.
func listDeliveries(r *request) *response {
	all := r.s.ended(r.c.app)
	if want := r.query.Get("status"); want != "" {
		var kept []Delivery
		for _, d := range all {
			if (d.Status == "OK") == (want == "success") {
				kept = append(kept, d)
			}
		}
		all = kept
	}
	if cursor := r.query.Get("cursor"); cursor != "" {
		last, err := strconv.ParseInt(strings.TrimPrefix(cursor, "v1_"), 10, 64)
		if err != nil {
			refuse(400, "Invalid cursor")
		}
		for len(all) > 0 && all[0].ID >= last {
			all = all[1:]
		}
	}
	per, err := strconv.Atoi(r.query.Get("per_page"))
	if err != nil || per < 1 {
		per = 30
	}
	if per = min(per, 100); len(all) > per {
		all = all[:per]
		q := r.URL.Query()
		q.Set("cursor", fmt.Sprintf("v1_%d", all[per-1].ID))
		r.header.Set("Link", fmt.Sprintf("<%s%s?%s>; rel=\"next\"", r.s.root, r.URL.Path, q.Encode()))
	}
	return ok(list(all, deliveryObject))
}

func (r *request) delivery() Delivery {
	id := r.number("delivery_id")
	for _, d := range r.s.ended(r.c.app) {
		if d.ID == id {
			return d
		}
	}
	notFound()
	return Delivery{}
}

func getDelivery(r *request) *response {
	d := r.delivery()
	payload := jsontext.Value(d.Payload)
	if payload == nil { // no longer kept
		payload = jsontext.Value("{}")
	}
	headers := object{}
	for k, v := range d.Headers {
		headers[k] = v[0]
	}
	o := deliveryObject(d)
	o["request"] = object{"headers": headers, "payload": payload}
	o["response"] = object{"headers": object{}, "payload": string(d.Answer)}
	return ok(o)
}

func redeliver(r *request) *response {
	if r.s.redeliver(r.delivery().ID) == nil {
		notFound()
	}
	return &response{status: 202, body: object{}}
}

// convertManifest gives the App under test to whoever converts a manifest: the
// fake has one App to give.
func convertManifest(r *request) *response {
	a := r.s.app
	return created(with(r.s.appObject(a), object{
		"client_id": "Iv1.fake", "client_secret": a.secret, "webhook_secret": a.secret, "pem": string(a.keyPEM),
	}))
}

func listAccessible(r *request) *response {
	var all []*Repo
	for _, repo := range r.c.installation.covered() {
		if r.c.covers(repo) {
			all = append(all, repo)
		}
	}
	from, to := r.page(len(all), 100)
	return ok(object{"total_count": len(all), "repositories": list(all[from:to], r.s.repoObject)})
}

func getRateLimit(r *request) *response {
	state := func(resource string) object {
		b := r.s.limits.state(r.c.name(), resource)
		return object{"limit": b.limit, "remaining": b.remaining, "reset": b.reset.Unix(), "used": b.used}
	}
	core := state("core")
	return ok(object{"rate": core, "resources": object{"core": core, "graphql": state("graphql"), "search": state("search")}})
}

func getMeta(r *request) *response {
	return ok(object{"verifiable_password_authentication": false, "hooks": []string{"127.0.0.1/32"}})
}
