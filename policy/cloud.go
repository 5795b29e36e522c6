package policy

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

//go:embed cloud.hcl
var cloud []byte

//go:embed cloud.rolecall_test.hcl
var cloudTests []byte

// CloudTests returns the tests of the embedded policy.
func CloudTests() []byte { return append([]byte(nil), cloudTests...) }

// InitTests returns the tests of the policy that [Init] returns, which has no
// project yet.
func InitTests() []byte { return initProjectTest.ReplaceAll(CloudTests(), nil) }

// Cloud returns the embedded policy for the roles of a cloud team, with
// example names in the places that [Init] fills.
func Cloud() []byte { return append([]byte(nil), cloud...) }

// InitOptions are the names that a new policy starts with. People are
// "@login", teams "@org/team".
type InitOptions struct {
	Cloud    []string // people and teams who are Cloud Engineers, at least one
	Security []string // people and teams who are Security Engineers, at least one
	Managers []string // people and teams who manage the team, at least one
	OnCall   []string // people who take turns being on call; none: nobody is
	// Start is when the first person's turn of a week starts; needed with OnCall.
	Start    time.Time
	Timezone string // of the Security Engineers' working hours; "" is UTC
	Observe  bool   // decide and explain, and never block
}

// Init returns the text of a new policy, which Load accepts without errors.
// It returns an error that says what is missing or malformed.
func Init(o InitOptions) ([]byte, error) {
	for _, needed := range []struct {
		what    string
		members []string
	}{{"the Cloud Engineers", o.Cloud}, {"the Security Engineers", o.Security}, {"the managers", o.Managers}} {
		if len(needed.members) == 0 {
			return nil, fmt.Errorf("name %s, as \"@login\" or \"@org/team\"", needed.what)
		}
		for _, m := range needed.members {
			if !loginForm.MatchString(m) && !teamForm.MatchString(m) {
				return nil, fmt.Errorf("%q is neither \"@login\" nor \"@org/team\"", m)
			}
		}
	}
	for _, m := range o.OnCall {
		if !loginForm.MatchString(m) {
			return nil, fmt.Errorf("%q is no person: whoever is on call is written \"@login\"", m)
		}
	}
	if len(o.OnCall) > 0 && o.Start.IsZero() {
		return nil, errors.New("say when the first turn on call starts")
	}
	zone := o.Timezone
	if zone == "" {
		zone = "UTC"
	}
	if _, err := time.LoadLocation(zone); err != nil || strings.ContainsAny(zone, "\"\\\n$%") || zone == "Local" {
		return nil, fmt.Errorf("%q is no time zone; one looks like \"Europe/Berlin\"", zone)
	}
	text := string(cloud)
	// In one pass, so that no name given is taken for an example's.
	fill := []string{
		`["@acme/cloud"]`, quotedList(o.Cloud),
		`["@acme/security"]`, quotedList(o.Security),
		`["@mia"]`, quotedList(o.Managers),
		`"Europe/Berlin"`, `"` + zone + `"`,
	}
	if len(o.OnCall) > 0 {
		fill = append(fill, `"2026-01-05T09:00:00Z"`, `"`+o.Start.UTC().Format(time.RFC3339)+`"`, `["@ana", "@bo", "@cy"]`, quotedList(o.OnCall))
	} else {
		text = initRotation.ReplaceAllString(text, "  # rotation { start, length, order } or calendar says who is on call\n")
	}
	if o.Observe {
		fill = append(fill, `"enforce"                        # "observe" decides and explains, and never blocks`,
			`"observe"                        # decides and explains, and never blocks; then "enforce"`)
	}
	text = initProject.ReplaceAllString(text, `# project "NAME" {
#   files  = ["DIRECTORY/**"]
#   dri    = "@LOGIN"
#   notify = ["@ORG/TEAM"]
# }
`)
	text = strings.NewReplacer(fill...).Replace(text)
	return []byte(text), nil
}

var (
	initRotation    = regexp.MustCompile(`(?s)  rotation \{\n.*?\n  \}\n`)
	initProjectTest = regexp.MustCompile(`(?s)test "the DRI of a project[^"]*" \{\n.*?\n\}\n\n`)
	initProject     = regexp.MustCompile(`(?s)project "instances" \{\n.*?\n\}\n`)
)

// quotedList writes a list of texts as a policy does.
func quotedList(list []string) string {
	return `["` + strings.Join(list, `", "`) + `"]`
}
