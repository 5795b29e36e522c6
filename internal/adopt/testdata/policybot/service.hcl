# Who reviews what, as policy-bot's policy.yml had it. Approving reviews
# count; comments do not. An approval stands while the files that a rule is
# about stay as they are, where policy-bot's stood for good; sticky = "never"
# is its invalidate_on_push. Nobody is asked for a review where policy-bot
# asked nobody: without ask = "none", rolecall asks by name.
#
# What is different:
# - line 16: Disapproval is changes requested in a review, by a holder of the
#   role "ana-or-others"; it ends with that person's approval or its
#   dismissal.
# - line 16: A pull request that the conditions disapprove was blocked; the
#   policy's keepers can let it through.
# - line 36: "an owner has approved" may be approved by @merge-helper[bot],
#   and an approval by a bot does not count: left out.
# - line 40: "dependencies only" is approved by comments or the description,
#   and here by an approving review alone.
# - line 40: "dependencies only" counts reviews with certain words alone.
#   Words are not read here: every approving review by the same people counts.
# - line 51: "renovate updates a lock file" is approved only under conditions
#   that a policy cannot tell: a keeper of the policy approves in their place.
#   Remove that once they are required checks of the branch.
# - line 60: has_status has no equal: a policy does not see other checks; make
#   them required checks of the branch. What follows from it holds either way.
# - line 72: "infrastructure is reviewed" may be approved by people with the
#   permission "admin" as well, whom a policy cannot name: left out until you
#   name people or teams.
# - line 76: author_is_only_contributor has no equal: a policy's conditions do
#   not see who committed; an approval by a contributor does not count as it
#   is. What follows from it holds either way.
# - line 81: "release branches are guarded" may be approved by members of the
#   organisation "northwind", whom a policy cannot name: keepers of the policy
#   stand in until you name people or teams.
# - line 85: A label that brings review in may be set by anybody, and stays in
#   force until a keeper of the policy removes it; one that takes review away
#   counts only where a keeper set it.
# - line 97: "the policy itself" lets the author approve, which GitHub does
#   not let them do in a review: only reviews count here.
# - line 97: "the policy itself" has ignore_commits_by, which has no equal:
#   everybody who committed is a contributor.
# - line 97: "the policy itself" is approved only under conditions: where
#   these do not hold, a keeper of the policy approves in their place.
# - line 108: A label that brings review in may be set by anybody, and stays
#   in force until a keeper of the policy removes it; one that takes review
#   away counts only where a keeper set it.

policy {
  keepers = ["mia"]   # who must approve a change of this file and its tests
  mode    = "enforce" # "observe" decides and explains, and never blocks
}

role "service" {
  title   = "Service"
  members = ["@northwind/service"]
}

role "ana-or-bo" {
  title   = "@ana or @bo"
  members = ["@ana", "@bo"]
}

role "supply-chain" {
  title   = "Supply Chain"
  members = ["@northwind/supply-chain"]
}

role "dba" {
  title   = "Dba"
  members = ["@northwind/dba"]
}

role "sre" {
  title   = "Sre"
  members = ["@northwind/sre"]
}

# Name who may approve here: members of the organisation "northwind".
role "release-branches-are-guarded" {
  title     = "release branches are guarded"
  otherwise = "mia" # until somebody is named here
}

role "mia" {
  title   = "@mia"
  members = ["@mia"]
}

role "ana-or-others" {
  title   = "@mia or 6 others"
  members = ["@mia", "@northwind/sre", "@northwind/service", "@ana", "@bo", "@northwind/supply-chain", "@northwind/dba"]
}

locals {
  dependencies_only = (
    length(files) > 0
    && length([for f in files : f if !matches(f, "go.mod", "go.sum", "**/package-lock.json")]) == 0
  )
  renovate_updates_a_lock_file = (
    pull.bot
    && pull.author == "renovate"
    && length(files) > 0
    && length([for f in files : f if !matches(f, "package-lock.json")]) == 0
  )
}

# Alternatives: code is reviewed; an owner has approved; dependencies only;
# renovate updates a lock file.
rule "code is reviewed or 3 others" {
  when = !local.dependencies_only && !local.renovate_updates_a_lock_file
  any {
    require "service" { allow = ["contributor"] }
    require "ana-or-bo" { ask = "none" }
  }
}

rule "code is reviewed or 3 others, 2" {
  when = local.dependencies_only && !local.renovate_updates_a_lock_file
  any {
    require "service" { allow = ["contributor"] }
    all {
      require "ana-or-bo" { ask = "none" }
      require "supply-chain" { ask = "none" }
    }
  }
}

rule "code is reviewed or 3 others, 3" {
  when = !local.dependencies_only && local.renovate_updates_a_lock_file
  any {
    require "service" { allow = ["contributor"] }
    require "ana-or-bo" { ask = "none" }
    require "mia" {}
  }
}

rule "code is reviewed or 3 others, 4" {
  when = local.dependencies_only && local.renovate_updates_a_lock_file
  any {
    require "service" { allow = ["contributor"] }
    all {
      require "ana-or-bo" { ask = "none" }
      require "supply-chain" { ask = "none" }
    }
    require "mia" {}
  }
}

rule "migrations are reviewed" {
  changes = [for f in files : f if matches(f, "db/migrations/**/*.sql") && !startswith(f.path, "db/migrations/test_")]
  sticky  = "never"
  require "dba" {
    approvals = 2
    ask       = "team"
  }
}

rule "infrastructure is reviewed" {
  changes = glob("terraform/**", "**/*.tf")
  require "sre" { ask = "none" }
}

rule "release branches are guarded" {
  when = (startswith(pull.base, "release/") || startswith(pull.base, "hotfix/")) && label("urgent")
  require "release-branches-are-guarded" { ask = "none" }
}

rule "big changes need two" {
  when = sum([for f in files : f.additions]) + sum([for f in files : f.deletions]) > 500
  require "service" {
    approvals = 2
    allow     = ["contributor"]
  }
}

rule "the policy itself" {
  changes = glob(".policy.yml")
  require "mia" {
    ask   = "none"
    allow = ["author", "contributor"]
  }
}

rule "the policy itself: conditions" {
  description = "Stands in for conditions of approval: has_labels."
  changes     = glob(".policy.yml")
  when        = !label("policy-change", "mia")
  require "mia" {}
}

# Only who holds a required role can block by requesting changes, so all who
# may approve or disapprove hold this one; any approval by one of them meets
# it. A pull request that needed no approval needs one by it: with a when, or
# without this rule, it does not.
rule "disapproval" {
  description = "Whoever may disapprove blocks by requesting changes."
  require "ana-or-others" {
    ask   = "none"
    allow = ["author", "contributor"]
  }
}

rule "disapproved" {
  description = "Stands for the conditions that disapprove a pull request: title."
  when = (
    startswith(pull.title, "WIP")
    || startswith(pull.title, "DRAFT")
    || length(regexall("(?i)do not merge", pull.title)) > 0
  )
  require "mia" {}
}
