package command

import "strings"

// Spec is the grammar of one command: /help and the documentation come from
// it.
type Spec struct {
	Name  string // without the slash
	Usage string // what follows the name
	Help  string // one sentence
	// Who may give it by default, in words.
	Who string
	// Loosens is true where it can make less review necessary; such a command
	// is read from the comments again at every evaluation.
	Loosens bool
	// Text is true where everything after the name is one text for people.
	Text bool
	// Min and Max bound the number of arguments; with Text, Min says whether
	// the text may be left out.
	Min, Max int
}

var specs = []Spec{
	{Name: "assign-dri", Usage: "[@user] [PROJECT]", Max: 3, Loosens: true,
		Help: "Makes a person, or yourself, the DRI of this pull request.",
		Who:  "the project's DRI and managers; with no DRI yet, any Cloud Engineer who is not the author"},
	{Name: "unassign-dri", Usage: "[PROJECT]", Max: 1, Loosens: true,
		Help: "Takes back /assign-dri on this pull request.",
		Who:  "the project's DRI and managers"},
	{Name: "delegate", Usage: "@user [PROJECT] [until DATE]", Min: 1, Max: 4, Loosens: true,
		Help: "Gives the DRI's approval right on this pull request to somebody else.",
		Who:  "the project's DRI"},
	{Name: "request", Usage: "@user|ROLE", Min: 1, Max: 1,
		Help: "Asks one more person or role for a review.",
		Who:  "anyone with write access"},
	{Name: "needs-security", Usage: "REASON", Text: true, Min: 1,
		Help: "Brings in the Security Engineer, for good.",
		Who:  "anyone with write access"},
	{Name: "break-glass", Usage: "REASON", Text: true, Min: 1, Loosens: true,
		Help: "Lets an incident's fix through now and opens a review debt.",
		Who:  "whoever is on call"},
	{Name: "recheck", Help: "Looks at the pull request again.", Who: "anyone with read access"},
	{Name: "explain", Help: "Answers with every reason behind the check.", Who: "anyone with read access"},
	{Name: "help", Help: "Answers with the commands.", Who: "anyone with read access"},
}

// Specs returns the grammar of every command, in the order in which they are
// shown to people.
func Specs() []Spec { return append([]Spec(nil), specs...) }

func lookup(name string) (Spec, bool) {
	for _, s := range specs {
		if s.Name == name {
			return s, true
		}
	}
	return Spec{}, false
}

// arguments splits what follows a command's name, and says what is wrong with
// it, in words that name the remedy; "" where nothing is.
func (s Spec) arguments(rest string) (args []string, problem string) {
	rest = strings.TrimSpace(rest)
	if s.Text {
		if rest != "" {
			args = []string{rest}
		}
	} else {
		args = strings.Fields(rest)
	}
	switch {
	case len(args) < s.Min && s.Text:
		problem = "a reason is missing"
	case len(args) < s.Min:
		problem = "an argument is missing"
	case !s.Text && len(args) > s.Max:
		problem = "there are too many arguments"
	default:
		return args, ""
	}
	return args, problem + ": write " + strings.TrimSpace("/"+s.Name+" "+s.Usage)
}
