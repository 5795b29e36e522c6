# Who reviews what, as policy-bot's policy.yml had it. Approving reviews
# count; comments do not. An approval stands while the files that a rule is
# about stay as they are, where policy-bot's stood for good; sticky = "never"
# is its invalidate_on_push. Nobody is asked for a review where policy-bot
# asked nobody: without ask = "none", rolecall asks by name.
#
# What is different:
# - No rule was about the policy itself, so its keeper is the role "One":
#   choose who keeps it.
# - line 25: has_author_in names members of the organisation "northwind", of
#   whom a policy cannot tell who they are. What follows from it holds either
#   way for them.
# - line 26: has_contributor_in is told for the author alone, since a policy's
#   conditions do not see who committed. For anybody else, what follows from
#   it holds either way.
# - line 27: only_has_contributors_in is told for the author alone, since a
#   policy's conditions do not see who committed. Where the author is one of
#   them, what follows from it holds either way.
# - line 28: from_branch saw "owner:branch" for a fork, and a policy sees the
#   branch: for forks what follows from it holds either way.
# - line 29: has_status has no equal: a policy does not see other checks; make
#   them required checks of the branch. What follows from it holds either way.
# - line 30: has_successful_status has no equal: a policy does not see other
#   checks; make them required checks of the branch. What follows from it
#   holds either way.
# - line 31: has_workflow_result has no equal: a policy does not see other
#   checks; make them required checks of the branch. What follows from it
#   holds either way.
# - line 32: repository asks which repository this is: give it with
#   --repository OWNER/NAME. Until then, what follows from it holds either
#   way.
# - line 34: has_valid_signatures_by has no equal: a policy does not see
#   signatures; have the branch's ruleset require signed commits. What follows
#   from it holds either way.
# - line 35: has_phase_of_moon is a condition that rolecall does not know. It
#   cannot be told, so that what follows from it holds either way.
# - line 37: "nothing needed" requires nothing, and so no rule stands for it.
# - line 38: "nobody named" names nobody who may approve it, so that nobody
#   could.

policy {
  keepers = ["one"]   # who must approve a change of this file and its tests
  mode    = "enforce" # "observe" decides and explains, and never blocks
}

role "one" {
  title   = "One"
  members = ["@northwind/one"]
}

role "nobody-named" {
  title = "nobody named"
}

role "new" {
  title   = "New"
  members = ["@northwind/new"]
}

rule "none of these" {
  when = length(glob("docs/**")) == 0
  require "one" { ask = "none" }
}

rule "lines" {
  when = sum([for f in files : f.additions]) > 100 || sum([for f in files : f.deletions]) == 0
  require "one" { ask = "none" }
}

rule "author in a team" {
  when = (
    (!pull.bot && pull.author == "ana")
    || (pull.bot && pull.author == "deps")
    || author_in("new")
  )
  require "one" { ask = "none" }
}

rule "author anywhere" {
  require "one" { ask = "none" }
}

rule "a contributor" {
  require "one" { ask = "none" }
}

rule "only contributors" {
  when = !pull.bot && pull.author == "eve"
  require "one" { ask = "none" }
}

rule "from a branch" {
  when = pull.fork || pull.head == "dev"
  require "one" { ask = "none" }
}

rule "statuses" {
  require "one" { ask = "none" }
}

rule "old statuses" {
  require "one" { ask = "none" }
}

rule "workflows" {
  require "one" { ask = "none" }
}

rule "this repository" {
  require "one" { ask = "none" }
}

rule "titles" {
  when = (
    strcontains(pull.title, "BREAKING CHANGE")
    || length(regexall("^(fix|feat|chore): (\\w| )+$", pull.title)) == 0
  )
  require "one" { ask = "none" }
}

rule "signed" {
  require "one" { ask = "none" }
}

rule "tomorrow" {
  require "one" { ask = "none" }
}

rule "odd paths" {
  changes = [for f in files : f if(
    length(regexall("(?i)readme", f.path)) > 0
    || length(regexall("^a{2,3}/[^/]+$", f.path)) > 0
    || length(regexall("^web/.*\\.tsx?$", f.path)) > 0
  )]
  require "one" { ask = "none" }
}

rule "nobody named" {
  require "nobody-named" { ask = "none" }
}
