# The main branch moves; release branches are what customers run. What goes
# into a release is small, comes from main, and has the release manager's word.

policy {
  keepers = ["release-manager"]
  checks  = { release = ["release/*", "hotfix/*"] } # one check for all of them
}

role "developer" {
  title   = "Developer"
  members = ["@acme/developers"]
}

role "release-manager" {
  title = "Release Manager"
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "336h"
    order  = ["@rae", "@ron"]
  }
  otherwise = "manager"
}

role "manager" {
  title   = "Engineering Manager"
  members = ["@mia"]
}

locals {
  release = startswith(pull.base, "release/") || startswith(pull.base, "hotfix/")
  lines   = sum([for f in files : f.additions + f.deletions])
}

rule "every change" {
  require "developer" {}
}

rule "release" {
  description = "A developer and the release manager let a change into a release."
  when        = local.release
  distinct    = true
  sticky      = "never"
  require "developer" {}
  require "release-manager" {
    within = "4h"
  }
}

rule "large for a release" {
  description = "More than 30 lines are no fix; a manager decides."
  when        = local.release && local.lines > 30
  require "manager" {}
}

rule "no new dependencies in a release" {
  changes = [for d in dependencies : d if d.action == "add"]
  when    = local.release
  require "manager" {}
}
