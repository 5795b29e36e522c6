package command

import "strings"

// Spec is the grammar of one command: /help and docs/commands.md come from it.
type Spec struct {
	Name  string // without the slash
	Usage string // what follows the name
	Help  string // one sentence
	// Who may give it by default, in words.
	Who string
	// More is what else there is to know, as Markdown paragraphs for
	// docs/commands.md.
	More string
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
	{Name: "assign-dri", Usage: "[@user] [PROJECT] [lasting]", Max: 3, Loosens: true,
		Help: "Makes a person, or yourself, the DRI of this pull request.",
		Who:  "the project's DRI and managers; with no DRI yet, any Cloud Engineer who is not the author",
		More: "Without a project it is about every project touched of which you may decide. The person becomes an assignee too.\n\n" +
			"With `lasting` and a project it changes nothing here: the answer is a patch that makes the person the project's DRI in the policy file, with the rest of the file as it is. " +
			"rolecall has no right to push. Open a pull request with the patch (`git apply`); the policy's keepers approve it."},
	{Name: "unassign-dri", Usage: "[PROJECT]", Max: 1, Loosens: true,
		Help: "Takes back /assign-dri and /delegate on this pull request.",
		Who:  "the project's DRI and managers"},
	{Name: "delegate", Usage: "@user [PROJECT] [until DATE]", Min: 1, Max: 4, Loosens: true,
		Help: "Gives the DRI's approval right on this pull request to somebody else.",
		Who:  "the project's DRI",
		More: "DATE is a day such as `2026-12-31`, which it includes, or a time such as `2026-12-31T18:00:00Z`. An approval given before the end goes on counting."},
	{Name: "request", Usage: "@user|ROLE", Min: 1, Max: 1,
		Help: "Asks one more person or role for a review.",
		Who:  "members, collaborators and anyone else with write access",
		More: "It asks and decides nothing: whose approval is needed stays as it is."},
	{Name: "needs-security", Usage: "REASON", Text: true, Min: 1,
		Help: "Brings in the Security Engineer, for good.",
		Who:  "members, collaborators and anyone else with write access",
		More: "It is kept as the label `security`, which rolecall sets: neither deleting the comment nor removing the label takes it back, unless a Security Engineer without a part in the change removes it."},
	{Name: "break-glass", Usage: "REASON", Text: true, Min: 1, Loosens: true,
		Help: "Lets an incident's fix through now and opens a review debt.",
		Who:  "whoever is on call at that moment; a second person confirms by giving it too, where one is needed",
		More: "The check turns to success and says in capitals who broke the glass, when, why, and which reviews were skipped, requested changes included. It is for the commit that it was given for: another push takes another command. " +
			"It never reaches the policy file itself, nor an organisation's policy that does not name a role for it.\n\n" +
			"A second person, on call or a manager, without a part in the change, has to give the command as well where the first\n\n" +
			"- is author or contributor of the change,\n" +
			"- still owes reviews for a glass that they broke on another pull request of the repository,\n" +
			"- broke the last glass in the repository, with nobody else's in between,\n" +
			"- or where what was broken before cannot be read.\n\n" +
			"After the merge every review that was skipped is owed: somebody of that role, who has no part in the change and did not break the glass, approves the merged pull request. " +
			"The debt is in the check, in `rolecall handoff`, in the metric `rolecall_review_debts`, under the label `break-glass`, and in an issue where the installation grants `issues: write`. It is reminded of after three days and then every week."},
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
