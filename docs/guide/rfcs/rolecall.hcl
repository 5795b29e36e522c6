# Designs are written down before they are built. An RFC is read by the people
# whom it binds, and stays open long enough for the others to speak.

policy {
  keepers = ["architect"]
}

role "developer" {
  title   = "Developer"
  members = ["@acme/developers"]
}

role "architect" {
  title   = "Architect"
  members = ["@acme/architects"]
}

role "security-engineer" {
  title   = "Security Engineer"
  members = ["@acme/security"]
}

locals {
  rfcs = glob("rfcs/**/*.md")
  new  = [for f in local.rfcs : f if f.status == "added"]
}

rule "a new rfc" {
  description = "Two architects and a Security Engineer read a new design."
  changes     = local.new
  distinct    = true
  require "architect" {
    approvals = 2
    ask       = "all"
  }
  require "security-engineer" {}
}

rule "an rfc changes" {
  description = "One architect reads a change of a design that is there."
  changes     = [for f in local.rfcs : f if f.status != "added"]
  sticky      = "patch"
  require "architect" {}
}

rule "comment period" {
  description = "A new design stays open for five days; an architect may let it in before."
  changes     = local.new
  when        = hours(pull.created_at, now) < 120 && !label("fast-track", "architect")
  require "architect" {
    approvals = 3
    ask       = "none"
  }
}

rule "everything else" {
  changes = uncovered.files
  require "developer" {}
}
