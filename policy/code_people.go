package policy

// The codes of who counts, who does not, and why. Requirements, review
// verdicts, exclusions, command verdicts and notes carry them.
const (
	// IsAuthor: the person opened the pull request. Person; Role where it is
	// about a holder of one.
	IsAuthor Code = "is_author"
	// IsContributor: the person is author, committer or co-author of a commit.
	// Person, Commit (one of them), Count (how many); Role as above.
	IsContributor Code = "is_contributor"
	// IsPusher: the person pushed the head last. Person; Role as above.
	IsPusher Code = "is_pusher"
	// IsStranger: the person is neither a member of the organisation nor a
	// collaborator of the repository. Person; Role as above.
	IsStranger Code = "is_stranger"
	// HasPushed: the person pushed commits that are part of the change, and
	// somebody else pushed after them. Person; Role as above.
	HasPushed Code = "has_pushed"
	// IsBot: a bot's approval never counts. Person; Role as above.
	IsBot Code = "is_bot"
	// NoAccount: the commit's or review's author belongs to no account, so
	// that nobody can be excluded by it. Commit and Detail (the name as the
	// commit gives it) for a commit.
	NoAccount Code = "no_account"
	// ContributorsUnknown: who contributed cannot be told, so that nobody can
	// be shown to be independent. Detail says why.
	ContributorsUnknown Code = "contributors_unknown"
	// ReviewsUnknown: reviews may be missing, so that no approval can be shown
	// to be the person's last word. Detail says why.
	ReviewsUnknown Code = "reviews_unknown"
	// TimelineUnknown: a force-push or a change of the base may be missing, so
	// that no approval can be bound to what was reviewed. Detail says why.
	TimelineUnknown Code = "timeline_unknown"

	// ReviewDismissed: the review was dismissed. Person.
	ReviewDismissed Code = "review_dismissed"
	// ReviewOvertaken: a later review of the same person takes its place.
	// Person; At is the later one's time, Detail its state.
	ReviewOvertaken Code = "review_overtaken"
	// ReviewComments: it only comments. Person.
	ReviewComments Code = "review_comments"
	// ReviewForcePushed: the commit that was approved is not on record, and a
	// force-push came after it. Person; At is the force-push's time.
	ReviewForcePushed Code = "review_force_pushed"
	// ReviewRetargeted: the base was changed after it. Person; At.
	ReviewRetargeted Code = "review_retargeted"
	// ReviewUnbound: no commit is known for it. Person.
	ReviewUnbound Code = "review_unbound"
	// ReviewHoldsNothing: the person holds no role that is required here.
	// Person.
	ReviewHoldsNothing Code = "review_holds_nothing"
	// ReviewShown: changes were requested by somebody who holds no role that
	// is required here: shown, without effect. Person.
	ReviewShown Code = "review_shown"
	// ReviewBlocks: changes were requested by a holder of a required role.
	// Person, Rule, Role; Project of a DRI.
	ReviewBlocks Code = "review_blocks"
	// ReviewMayBlock: changes were requested by somebody who may hold a
	// required role whose holders could not be read. Person, Rule, Role.
	ReviewMayBlock Code = "review_may_block"
	// ReviewStale: what the requirement covers has changed since. Person,
	// Rule, Role, Commit (that was approved); Paths are the first few and
	// Count is how many changed.
	ReviewStale Code = "review_stale"
	// ReviewUncompared: what was approved cannot be compared with what is
	// there now. Person, Rule, Role, Commit; Detail says why.
	ReviewUncompared Code = "review_uncompared"
	// ReviewNotHead: the rule wants an approval of the head itself. Person,
	// Rule, Role, Commit.
	ReviewNotHead Code = "review_not_head"
	// ReviewOutOfTurn: the person holds the role at another time than that of
	// the review. Person, Rule, Role, At.
	ReviewOutOfTurn Code = "review_out_of_turn"
	// ReviewUsed: the rule is distinct, and this person is not needed, or
	// counts for another of its requirements. Person, Rule, Role.
	ReviewUsed Code = "review_used"

	// ApprovalsMissing: Count approvals of Of are there. Role.
	ApprovalsMissing Code = "approvals_missing"
	// ChangesAreRequested: a holder of the role requested changes. Person,
	// Role.
	ChangesAreRequested Code = "changes_are_requested"
	// ChangesMayBeRequested: somebody requested changes who may hold the role,
	// whose holders could not all be read. Person, Role.
	ChangesMayBeRequested Code = "changes_may_be_requested"
	// AuthorIsDRI: the policy's own DRI is the author, and needs nobody else.
	// Person, Project.
	AuthorIsDRI Code = "author_is_dri"
	// DRIMissing: nobody is named as DRI. Project; "" for the pull request
	// itself.
	DRIMissing Code = "dri_missing"
	// NobodyHolds: nobody holds the role. Role; Project of a DRI.
	NobodyHolds Code = "nobody_holds"
	// NobodyLeft: nobody in the role may approve this change; the holders'
	// own reasons follow. Role; Project of a DRI; Count is how many hold it.
	NobodyLeft Code = "nobody_left"
	// HoldersUnknown: who holds the role could not all be read, and nobody
	// counts because of that. Role; Detail says why.
	HoldersUnknown Code = "holders_unknown"
	// StoodIn: another role is asked in Role's place. Role is the one that
	// stands in.
	StoodIn Code = "stood_in"
	// TooFewPeople: fewer people than needed may approve. Role; Count people
	// of Of.
	TooFewPeople Code = "too_few_people"
	// TooFewDistinct: there are people for each requirement of the rule, but
	// not a different one for each. Rule. Not where holders are unknown.
	TooFewDistinct Code = "too_few_distinct"
	// TooManyAlternatives: the rule has more combinations of alternatives than
	// are tried; those tried did not suffice. Rule; Count is how many.
	TooManyAlternatives Code = "too_many_alternatives"
	// AlternativeChosen: another alternative of the group is met. No fields.
	AlternativeChosen Code = "alternative_chosen"
	// NoProjectTouched: the rule asks for DRIs, and no project is touched. No
	// fields.
	NoProjectTouched Code = "no_project_touched"

	// DRIsAnswerForPart: the projects' DRIs are no alternative here, since the
	// rule is also about files that are in none of their projects. No fields.
	DRIsAnswerForPart Code = "dris_answer_for_part"

	// PolicyFileChanged: the policy itself, or its tests, changes. Paths.
	PolicyFileChanged Code = "policy_file_changed"
	// PolicyFileUnknown: the policy itself may change. Detail says why.
	PolicyFileUnknown Code = "policy_file_unknown"
	// PolicyFileSame: neither the policy nor its tests change. No fields.
	PolicyFileSame Code = "policy_file_same"

	// FactsMissing: part of the pull request could not be read. Paths, Detail.
	FactsMissing Code = "facts_missing"
	// NoRuleAsks: no rule in force asks for review. No fields.
	NoRuleAsks Code = "no_rule_asks"
	// Observed: the policy, or the layer that the rule is from, only observes:
	// it decides and explains, and never blocks. No fields.
	Observed Code = "observed"
	// PolicyUnreadable: the policy is gone or cannot be read; the diagnostics
	// say more, where there are any. No fields.
	PolicyUnreadable Code = "policy_unreadable"

	// CommandEdited: the comment was edited. No fields.
	CommandEdited Code = "command_edited"
	// CommandByBot: commands of bots have no effect. Person.
	CommandByBot Code = "command_by_bot"
	// CommandUnclear: the command cannot be read. Detail says why.
	CommandUnclear Code = "command_unclear"
	// CommandNotAvailable: the command does nothing here. Detail is its name.
	CommandNotAvailable Code = "command_not_available"
	// CommandNeedsAccess: only people with write access may give it. Person.
	CommandNeedsAccess Code = "command_needs_access"
	// CommandNeedsRole: only holders of certain roles may give it. Person;
	// Detail lists the roles; Project where it is about one.
	CommandNeedsRole Code = "command_needs_role"
	// CommandByOutsider: an author or contributor can loosen nothing by
	// command. Person.
	CommandByOutsider Code = "command_by_contributor"
	// CommandForOutsider: an author or contributor cannot be given a say in
	// the change. Person.
	CommandForOutsider Code = "command_for_contributor"
	// CommandForNobody: the command needs a person's name, and a team or bot
	// is none. Detail is what was given.
	CommandForNobody Code = "command_for_nobody"
	// CommandNoProject: the policy has no such project. Project.
	CommandNoProject Code = "command_no_project"
	// CommandUntouched: the change does not touch the project. Project.
	CommandUntouched Code = "command_untouched"
	// CommandNoRole: the policy has no such role. Role.
	CommandNoRole Code = "command_no_role"
	// CommandNoDRI: the policy knows no DRI that could be named. No fields.
	CommandNoDRI Code = "command_no_dri"
	// CommandsUnknown: commands may be missing. Detail says why.
	CommandsUnknown Code = "commands_unknown"
	// CommandsDoubted: somebody deleted or edited another's comment since, and
	// it may have taken the command back. At.
	CommandsDoubted Code = "commands_doubted"

	// ReviewByBreaker: the person broke the glass, and what they approve since
	// clears nothing. Person.
	ReviewByBreaker Code = "review_by_breaker"
	// GlassKept: the glass is broken, and does not reach this rule. Rule.
	GlassKept Code = "glass_kept"
	// GlassForNobody: the policy has no role that may break the glass. Detail
	// is the name that it would have.
	GlassForNobody Code = "glass_for_nobody"
	// GlassUnconfirmed: a second person has to give the command too; the
	// reasons before it say why. Detail lists the roles that may.
	GlassUnconfirmed Code = "glass_unconfirmed"
	// GlassByContributor: author or contributor, who cannot do it alone.
	// Person.
	GlassByContributor Code = "glass_by_contributor"
	// GlassOwesStill: reviews are still owed for a glass that the person broke
	// before. Person; Count is the number of that pull request.
	GlassOwesStill Code = "glass_owes_still"
	// GlassTwice: the person broke the glass the last time too. Person, At;
	// Count is the number of that pull request.
	GlassTwice Code = "glass_twice"
	// GlassUsesUnknown: who broke the glass before cannot be told, and counts
	// as this person. Person; Detail says why.
	GlassUsesUnknown Code = "glass_uses_unknown"
	// GlassOtherHead: the command was given for another head. Commit.
	GlassOtherHead Code = "glass_other_head"
	// GlassUnbound: the head was pushed since, or it is not on record for which
	// one the command was given. No fields.
	GlassUnbound Code = "glass_unbound"
	// GlassTooLate: it was merged before. At.
	GlassTooLate Code = "glass_too_late"

	// PatchReady: the reply has the change of the policy file that the command
	// asks for. Project, Person (the new DRI), Detail (the file).
	PatchReady Code = "patch_ready"
	// PatchSame: the policy says so already. Project, Person.
	PatchSame Code = "patch_same"
	// PatchImpossible: the policy cannot be changed so. Project; Detail says
	// why.
	PatchImpossible Code = "patch_impossible"
)
