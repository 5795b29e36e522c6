package report

import (
	"fmt"
	"strings"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// names is how people and roles are called in one report.
type names struct {
	titles map[string]string // of roles
	asked  []string          // logins and teams whose review is requested
	why    []fact.Choice     // why some of them are
	closed []Closed          // roles whose people do not work now
	// skipped are the rules that a broken glass skips requirements of.
	skipped map[string]bool
}

func (n names) role(name string) string {
	if t := n.titles[name]; t != "" {
		return plain(t)
	}
	if name == "dri" {
		return "DRI"
	}
	return plain(name)
}

// plain shows a name from the policy as text where it is made of harmless
// characters, and as code where it is not.
func plain(s string) string {
	for _, r := range s {
		if !harmless(r) {
			return code(s)
		}
	}
	if strings.Contains(s, "://") || strings.Contains(s, "www.") || s == "" || s != strings.TrimSpace(s) {
		return code(s)
	}
	return s
}

// prose is plain for a sentence of the policy's.
func prose(s string) string {
	if strings.Contains(s, "://") || strings.Contains(s, "www.") || strings.ContainsFunc(s, func(r rune) bool { return !harmless(r) && !strings.ContainsRune(",:;'()?", r) }) {
		return code(s)
	}
	return clean(s)
}

func harmless(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(" -./", r)
}

// Words says a reason in one sentence without a full stop, in Markdown.
func Words(r policy.Reason) string { return names{}.words(r) }

func (n names) words(r policy.Reason) string {
	if say, ok := sentences[r.Code]; ok {
		return say(n, r)
	}
	return "for a reason that this version has no words for: " + code(string(r.Code))
}

type sentence = func(n names, r policy.Reason) string

func fixed(s string) sentence { return func(names, policy.Reason) string { return s } }

// sentences has one entry for each code of package policy; a test holds it.
var sentences = map[policy.Code]sentence{
	// Why a rule is in force, or not.
	policy.NoChangesClause: fixed("it concerns the whole pull request"),
	policy.ChangesMatched: func(_ names, r policy.Reason) string {
		if len(r.Paths) == 0 {
			return "it concerns " + count(r.Count, "part") + " of this change"
		}
		return "it concerns" + listed(" ", r.Paths, r.Of)
	},
	policy.ChangesUnknown: func(_ names, r policy.Reason) string {
		return "it may concern this change, and what cannot be told counts: " + detail(r) + listed(", in ", r.Paths, len(r.Paths))
	},
	policy.ChangesFailed: func(_ names, r policy.Reason) string {
		return "its `changes` could not be evaluated, and what cannot be told counts: " + detail(r)
	},
	policy.ChangesEmpty: fixed("nothing that it is about changes"),
	policy.WhenTrue:     func(_ names, r policy.Reason) string { return "its condition holds: " + detail(r) },
	policy.WhenFalse:    func(_ names, r policy.Reason) string { return "its condition does not hold: " + detail(r) },
	policy.WhenUnknown: func(_ names, r policy.Reason) string {
		return "its condition cannot be told, and so counts as met: " + detail(r)
	},
	policy.WhenFailed: func(_ names, r policy.Reason) string {
		return "its condition could not be evaluated, and so counts as met: " + detail(r)
	},
	policy.LabelSeen: func(_ names, r policy.Reason) string {
		return "the label " + code(r.Label) + " is in force" + by(r.Person)
	},
	policy.LabelDoubted: func(n names, r policy.Reason) string {
		return "the label " + code(r.Label) + " is set" + by(r.Person) + ", though by nobody who is " + n.role(r.Role) + ": it asks for reviews and spares none"
	},

	// Who does not count.
	policy.IsAuthor: func(_ names, r policy.Reason) string { return person(r.Person) + " opened the pull request" },
	policy.IsContributor: func(_ names, r policy.Reason) string {
		if r.Count <= 1 {
			return person(r.Person) + " is author, committer or co-author of the commit " + sha(r.Commit)
		}
		return fmt.Sprintf("%s is author, committer or co-author of %d commits, such as %s", person(r.Person), r.Count, sha(r.Commit))
	},
	policy.IsStranger: func(_ names, r policy.Reason) string {
		return person(r.Person) + " is named in the policy, but is neither a member of the organisation nor a collaborator of the repository"
	},
	policy.HasPushed: func(_ names, r policy.Reason) string { return person(r.Person) + " pushed part of it" },
	policy.IsPusher:  func(_ names, r policy.Reason) string { return person(r.Person) + " pushed last" },
	policy.IsBot:     func(_ names, r policy.Reason) string { return person(r.Person) + " is a bot" },
	policy.NoAccount: func(_ names, r policy.Reason) string {
		if r.Commit == "" {
			return "a review's author has no account any more"
		}
		return "the commit " + sha(r.Commit) + " is by " + detail(r) + ", whom GitHub knows by no account: whoever it is may still approve"
	},
	policy.ContributorsUnknown: func(_ names, r policy.Reason) string {
		return "who contributed cannot be told, so nobody can be shown to be independent: " + detail(r)
	},
	policy.ReviewsUnknown: func(_ names, r policy.Reason) string {
		return "reviews may be missing, so no approval can be shown to be anybody's last word: " + detail(r)
	},
	policy.TimelineUnknown: func(_ names, r policy.Reason) string {
		return "a force-push or a change of the base may be missing, so no approval can be bound to what was reviewed: " + detail(r)
	},

	// Where holders come from.
	policy.HoldersStale: func(n names, r policy.Reason) string {
		return "the calendar of " + n.role(r.Role) + " could not be read lately (" + detail(r) + "): what it said on " +
			r.At.UTC().Format("2006-01-02 at 15:04 UTC") + " is gone by"
	},

	policy.HolidaysStale: func(n names, r policy.Reason) string {
		if r.At.IsZero() {
			return "the holidays of " + n.role(r.Role) + " could not be read (" + detail(r) + "): every day of its hours counts as a working day"
		}
		return "the holidays of " + n.role(r.Role) + " could not be read lately (" + detail(r) + "): those known on " +
			r.At.UTC().Format("2006-01-02 at 15:04 UTC") + " are gone by"
	},

	// What became of a review.
	policy.ReviewDismissed: fixed("it was dismissed"),
	policy.ReviewOvertaken: func(_ names, r policy.Reason) string {
		return "a later review by " + person(r.Person) + " takes its place"
	},
	policy.ReviewComments:    fixed("it is a comment and neither approves nor asks for changes"),
	policy.ReviewForcePushed: fixed("a force-push came after it, and which commit was approved is not on record"),
	policy.ReviewRetargeted:  fixed("the base was changed after it"),
	policy.ReviewUnbound:     fixed("no commit is known for it"),
	policy.ReviewHoldsNothing: func(_ names, r policy.Reason) string {
		return person(r.Person) + " holds no role that is required here"
	},
	policy.ReviewShown: func(_ names, r policy.Reason) string {
		return person(r.Person) + " requests changes and holds no role that is required here: shown, without effect"
	},
	policy.ReviewBlocks: func(n names, r policy.Reason) string {
		return person(r.Person) + " requests changes as " + n.role(r.Role) + inRule(r)
	},
	policy.ReviewMayBlock: func(n names, r policy.Reason) string {
		return person(r.Person) + " requests changes and may be " + n.role(r.Role) + inRule(r) + ", whose holders could not all be read"
	},
	policy.ReviewStale: func(n names, r policy.Reason) string {
		return fmt.Sprintf("as %s%s it was given on %s; since then %s changed%s", n.role(r.Role), inRule(r), sha(r.Commit),
			count(max(r.Count, len(r.Paths)), "file"), listed(": ", r.Paths, r.Count))
	},
	policy.ReviewUncompared: func(n names, r policy.Reason) string {
		return "as " + n.role(r.Role) + inRule(r) + " what was approved at " + sha(r.Commit) + " cannot be compared with what is there now: " + detail(r)
	},
	policy.ReviewNotHead: func(n names, r policy.Reason) string {
		return "as " + n.role(r.Role) + inRule(r) + " the head itself must be approved, and this was given on " + sha(r.Commit)
	},
	policy.ReviewOutOfTurn: func(n names, r policy.Reason) string {
		return person(r.Person) + " was not " + n.role(r.Role) + " at the time" + inRule(r)
	},
	policy.ReviewUsed: func(n names, r policy.Reason) string {
		return "as " + n.role(r.Role) + inRule(r) + " it is not needed, or counts for another requirement that needs a different person"
	},

	// Why a requirement stands as it does.
	policy.ApprovalsMissing: func(n names, r policy.Reason) string {
		return fmt.Sprintf("%d of %s by %s", r.Count, count(r.Of, "approval"), n.role(r.Role))
	},
	policy.ChangesAreRequested: func(n names, r policy.Reason) string {
		return person(r.Person) + " requests changes as " + n.role(r.Role) + ", and has to approve or be dismissed"
	},
	policy.ChangesMayBeRequested: func(n names, r policy.Reason) string {
		return person(r.Person) + " requests changes and may be " + n.role(r.Role) + ", whose holders could not all be read"
	},
	policy.AuthorIsDRI: func(_ names, r policy.Reason) string {
		return person(r.Person) + " is the author and, by the policy, the DRI" + ofProject(r.Project)
	},
	policy.DRIMissing: func(_ names, r policy.Reason) string {
		return "nobody is named as DRI" + ofProject(r.Project) + ": comment `/assign-dri @user`"
	},
	policy.NobodyHolds: func(n names, r policy.Reason) string {
		return "nobody is " + n.role(r.Role) + ofProject(r.Project) + ": name somebody in the policy or the team"
	},
	policy.NobodyLeft: func(n names, r policy.Reason) string {
		who := fmt.Sprintf("none of the %d people who are ", r.Count)
		if r.Count == 1 {
			who = "the only person who is "
		}
		may := " may approve this change: "
		if r.Count == 1 {
			may = " may not approve this change: "
		}
		return who + n.role(r.Role) + ofProject(r.Project) + may + "name somebody else, or an `otherwise` role, in the policy"
	},
	policy.HoldersUnknown: func(n names, r policy.Reason) string {
		return "who is " + n.role(r.Role) + " could not all be read, and nobody counts because of that: " + detail(r)
	},
	policy.StoodIn: func(n names, r policy.Reason) string { return n.role(r.Role) + " stands in" },
	policy.TooFewPeople: func(n names, r policy.Reason) string {
		return fmt.Sprintf("only %s of the %d needed may approve as %s", count(r.Count, "person"), r.Of, n.role(r.Role))
	},
	policy.TooFewDistinct: func(_ names, r policy.Reason) string {
		return "each requirement" + ofRule(r.Rule) + " needs a different person, and there are too few: name more people in the policy or the teams"
	},
	policy.TooManyAlternatives: func(_ names, r policy.Reason) string {
		return fmt.Sprintf("it has more combinations of alternatives than the %d that are tried", r.Count)
	},
	policy.AlternativeChosen: fixed("another alternative is met"),
	policy.NoProjectTouched:  fixed("no project is touched, so no DRI is needed"),
	policy.DRIsAnswerForPart: fixed("the projects' DRIs do not answer for every file here, so their approval alone is not enough"),

	// The policy itself.
	policy.PolicyFileChanged: func(_ names, r policy.Reason) string {
		return "the policy or its tests change" + listed(": ", r.Paths, len(r.Paths))
	},
	policy.PolicyFileUnknown: func(_ names, r policy.Reason) string {
		return "the policy itself may change, and what cannot be told counts: " + detail(r)
	},
	policy.PolicyFileSame: fixed("neither the policy nor its tests change"),

	// The decision as a whole.
	policy.FactsMissing: func(_ names, r policy.Reason) string {
		return "part of the pull request could not be read, and counts as what needs most review: " + detail(r) + listed(", in ", r.Paths, len(r.Paths))
	},
	policy.NoRuleAsks:       fixed("no rule asks for a review of this change"),
	policy.Observed:         fixed("the policy only observes: this check never blocks"),
	policy.PolicyUnreadable: fixed("the policy is gone or cannot be read, so nothing can be approved: restore `.github/rolecall.hcl` on the default branch"),

	// What became of a command.
	policy.CommandEdited:       fixed("the comment was edited; only a fresh comment gives commands, so write a new one"),
	policy.CommandByBot:        fixed("bots give no commands"),
	policy.CommandUnclear:      func(_ names, r policy.Reason) string { return detail(r) },
	policy.CommandNotAvailable: func(_ names, r policy.Reason) string { return detail(r) + " does nothing here" },
	policy.CommandNeedsAccess: func(_ names, r policy.Reason) string {
		return person(r.Person) + " has no write access"
	},
	policy.CommandNeedsRole: func(_ names, r policy.Reason) string {
		return "only " + detail(r) + " may do that" + strings.Replace(ofProject(r.Project), " of ", " for ", 1)
	},
	policy.CommandByOutsider: func(_ names, r policy.Reason) string {
		return person(r.Person) + " is author or contributor of this change, and cannot loosen what it needs"
	},
	policy.CommandForOutsider: func(_ names, r policy.Reason) string {
		return person(r.Person) + " is author or contributor of this change, and cannot be given a say in it"
	},
	policy.CommandForNobody: func(_ names, r policy.Reason) string {
		return detail(r) + " is not a person: write `@` and a login"
	},
	policy.CommandNoProject: func(_ names, r policy.Reason) string { return "the policy has no project " + code(r.Project) },
	policy.CommandUntouched: func(_ names, r policy.Reason) string {
		return "the change does not touch the project " + code(r.Project)
	},
	policy.CommandNoRole: func(_ names, r policy.Reason) string { return "the policy has no role " + code(r.Role) },
	policy.CommandNoDRI:  fixed("no rule of the policy asks for a DRI here"),
	policy.CommandsUnknown: func(_ names, r policy.Reason) string {
		return "commands may be missing: " + detail(r)
	},
	policy.CommandsDoubted: func(_ names, r policy.Reason) string {
		return "somebody deleted or edited another's comment since (" + r.At.UTC().Format(moment) + "), which may have taken it back: give the command again"
	},
	policy.PatchReady: func(_ names, r policy.Reason) string {
		return "this patch of " + detail(r) + " makes " + person(r.Person) + " the lasting DRI of " + code(r.Project) + "; rolecall cannot push, so open a pull request with it (`git apply`)"
	},
	policy.PatchSame: func(_ names, r policy.Reason) string {
		return person(r.Person) + " is the lasting DRI of " + code(r.Project) + " already"
	},
	policy.PatchImpossible: func(_ names, r policy.Reason) string {
		return "there is no ready patch for the project " + code(r.Project) + ", because " + detail(r) + ": change the policy file by hand"
	},

	// Of a broken glass.
	policy.ReviewByBreaker: func(_ names, r policy.Reason) string {
		return person(r.Person) + " broke the glass, and clears nothing that it skipped"
	},
	policy.GlassKept: func(_ names, r policy.Reason) string {
		return "the broken glass does not reach the rule " + code(r.Rule)
	},
	policy.GlassForNobody: func(_ names, r policy.Reason) string {
		return "the policy lets nobody break the glass: it has no role " + code(r.Detail) + ", and no `commands { break-glass = […] }`"
	},
	policy.GlassUnconfirmed: func(_ names, r policy.Reason) string {
		return "a second person has to confirm it with a `/break-glass REASON` of their own, who is one of " + detail(r) + " and has no part in the change"
	},
	policy.GlassByContributor: func(_ names, r policy.Reason) string {
		return person(r.Person) + " is author or contributor of this change, and cannot break the glass alone"
	},
	policy.GlassOwesStill: func(_ names, r policy.Reason) string {
		return fmt.Sprintf("reviews are still owed for the glass that %s broke on #%d", person(r.Person), r.Count)
	},
	policy.GlassTwice: func(_ names, r policy.Reason) string {
		return fmt.Sprintf("%s broke the last glass here too, on #%d", person(r.Person), r.Count)
	},
	policy.GlassUsesUnknown: func(_ names, r policy.Reason) string {
		return "who broke the glass before cannot be told, and counts as " + person(r.Person) + ": " + detail(r)
	},
	policy.GlassOtherHead: func(_ names, r policy.Reason) string {
		return "it was given for " + sha(r.Commit) + ", and something was pushed since: give the command again"
	},
	policy.GlassUnbound: fixed("something was pushed since, or it is not on record for which commit it was given: give the command again"),
	policy.GlassTooLate: func(_ names, r policy.Reason) string {
		return "the pull request was merged before, at " + r.At.UTC().Format(moment)
	},
}

func detail(r policy.Reason) string { return code(r.Detail) }

func by(login string) string {
	if login == "" {
		return ""
	}
	return ", set by " + person(login)
}

func inRule(r policy.Reason) string {
	if r.Rule == "" {
		return ""
	}
	return " (rule " + code(r.Rule) + ")"
}

func ofRule(name string) string {
	if name == "" {
		return ""
	}
	return " of the rule " + code(name)
}

func ofProject(name string) string {
	if name == "" {
		return ""
	}
	return " of the project " + code(name)
}

func sha(s string) string {
	if s == "" {
		return "an unknown commit"
	}
	return code(cut(s, 7))
}

func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case noun == "person":
		return fmt.Sprintf("%d people", n)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// maxPaths is how many paths one sentence names.
const maxPaths = 5

// listed names the first few of total paths.
func listed(lead string, paths []string, total int) string {
	if len(paths) == 0 {
		return ""
	}
	shown := paths[:min(len(paths), maxPaths)]
	quoted := make([]string, len(shown))
	for i, p := range shown {
		quoted[i] = code(p)
	}
	s := lead + strings.Join(quoted, ", ")
	if more := max(total, len(paths)) - len(shown); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
