# What others wrote and we run: a new dependency is a decision, an upgrade is
# routine, and an upgrade that a bot proposes is routine that nobody wrote.

policy {
  keepers = ["security-engineer"]
}

role "developer" {
  title   = "Developer"
  members = ["@acme/developers"]
}

role "security-engineer" {
  title   = "Security Engineer"
  members = ["@acme/security"]
}

locals {
  # replace directives, sums without a requirement, toolchains: whatever is no
  # plain version.
  odd      = [for d in dependencies : d if d.detail != "" || d.action == "change"]
  upgrades = [for d in dependencies : d if contains(["upgrade", "downgrade", "remove"], d.action)]
}

rule "new dependencies" {
  description = "A Security Engineer decides what we start to depend on."
  changes     = [for d in dependencies : d if d.action == "add"]
  require "security-engineer" {
    within = "8h"
  }
}

rule "odd dependencies" {
  description = "A Security Engineer reads what replaces, excludes or pins in other ways."
  changes     = local.odd
  require "security-engineer" {}
}

rule "upgrades" {
  description = "A developer reads upgrades; those of a bot are read by two."
  changes     = local.upgrades
  when        = !pull.bot
  require "developer" {}
}

rule "upgrades by a bot" {
  changes = local.upgrades
  when    = pull.bot
  require "developer" {
    approvals = 2
    ask       = "team"
  }
}

rule "everything else" {
  changes = uncovered.files
  require "developer" {}
}
