package doctor

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/github"
)

// levels orders what a permission may be granted as.
var levels = map[string]int{"": 0, "read": 1, "write": 2, "admin": 3}

// registration compares what the App is registered for with what it needs.
func (f Facts) registration() []Finding {
	page := "the App's settings on GitHub, “Permissions & events”"
	out := compare("the App asks for", f.Needs, f.App, "Set it in "+page+"; the owners of its installations are then asked to accept.")
	var wide []string
	for _, name := range slices.Sorted(maps.Keys(f.App.Permissions)) {
		if levels[f.App.Permissions[name]] > levels[f.Needs.Permissions[name]] && !optional(name, f.App.Permissions[name]) {
			wide = append(wide, name+": "+f.App.Permissions[name])
		}
	}
	if len(wide) > 0 {
		out = append(out, Finding{Warning, "permissions of the App", "the App asks for more than rolecall uses: " + strings.Join(wide, ", "),
			"Take them away in " + page + ": a stolen token is then worth less."})
	}
	return out
}

// optional are the permissions that rolecall has a use for where they are
// granted, and does without where they are not.
func optional(name, level string) bool { return name == "issues" && level == "write" }

// installation compares what the installation grants with what the App asks
// for: permissions that were added later wait for an owner to accept them.
func (f Facts) installation() []Finding {
	const subject = "installation"
	i := f.Installed
	repository := f.Owner + "/" + f.Repo
	switch {
	case i == nil:
		return []Finding{{Problem, subject, "the App is not installed on " + repository + ", so nothing is checked there",
			"Install it: the App's public page on GitHub, “Install”, and choose the repository."}}
	case !i.SuspendedAt.IsZero():
		return []Finding{{Problem, subject, "the installation is suspended since " + i.SuspendedAt.UTC().Format("2006-01-02") + ", so no check comes",
			"Unsuspend it: " + i.Page}}
	}
	out := []Finding{{Level: Fine, Subject: subject, Says: "the App is installed on " + repository}}
	asked := f.Needs
	asked.Permissions = maps.Clone(f.Needs.Permissions)
	for name, level := range asked.Permissions { // what the App does not ask for was found above
		if levels[f.App.Permissions[name]] < levels[level] {
			delete(asked.Permissions, name)
		}
	}
	asked.Events = slices.DeleteFunc(slices.Clone(asked.Events), func(e string) bool { return !slices.Contains(f.App.Events, e) })
	return append(out, compare("the installation grants", asked, i.Grant, "An owner has to accept what the App asks for: "+i.Page)...)
}

// compare finds what is wanted and not had; one line where nothing is.
func compare(who string, want, have github.Grant, remedy string) []Finding {
	var out []Finding
	for _, name := range slices.Sorted(maps.Keys(want.Permissions)) {
		level, got := want.Permissions[name], have.Permissions[name]
		if levels[got] >= levels[level] {
			continue
		}
		says := fmt.Sprintf("%s %s, and rolecall needs %s", who, or(got, "no access"), level)
		out = append(out, Finding{Problem, "permission " + name, says, remedy})
	}
	for _, event := range want.Events {
		if !slices.Contains(have.Events, event) {
			out = append(out, Finding{Problem, "event " + event, "GitHub does not tell rolecall of it: changes are noticed late or never", remedy})
		}
	}
	if out == nil {
		return []Finding{{Level: Fine, Subject: "permissions and events", Says: who + " all that rolecall needs"}}
	}
	return out
}

// hook looks at where GitHub delivers to.
func (f Facts) hook() Finding {
	const subject, page = "webhook", "the App's settings on GitHub, “Webhook”"
	bad := func(says, remedy string) Finding { return Finding{Problem, subject, says, remedy + " (" + page + ")."} }
	u, err := url.Parse(f.Hook.URL)
	switch {
	case f.Hook.URL == "" || err != nil:
		return bad("GitHub has no address to deliver to", "Set the address of rolecall serve, followed by /webhook")
	case f.Hook.Secret == "":
		return bad("deliveries are not signed, so rolecall refuses them", "Set the secret that WEBHOOK_SECRET holds")
	case f.Hook.ContentType != "json":
		return bad("deliveries come as "+or(f.Hook.ContentType, "forms"), "Choose application/json")
	case u.Scheme == "https" && fmt.Sprint(f.Hook.InsecureSSL) != "0":
		return bad("GitHub does not check the server's certificate", "Enable SSL verification")
	case u.Scheme != "https":
		return Finding{Warning, subject, "deliveries travel unencrypted to " + u.Host, "Put rolecall behind https (" + page + ")."}
	}
	return Finding{Level: Fine, Subject: subject, Says: "GitHub delivers to " + u.Host + ", signed"}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
