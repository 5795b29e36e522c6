# One repository, several projects, and one person who answers for each: its
# DRI. Whoever touches a project asks its DRI; common ground is everybody's.

policy {
  keepers = ["manager"]
}

role "engineer" {
  title   = "Engineer"
  members = ["@acme/engineering"]
}

role "manager" {
  title   = "Engineering Manager"
  members = ["@mia"]
}

role "dri" {
  title = "DRI"
}

project "billing" {
  files  = ["services/billing/**", "proto/billing/**"]
  dri    = "@ana"
  notify = ["@acme/finance"]
}

project "search" {
  files = ["services/search/**"]
  dri   = "@bo"
}

# Nobody answers for it yet: on each pull request, /assign-dri names somebody.
project "mobile" {
  files = ["apps/mobile/**"]
}

rule "project" {
  description = "The DRI of each project touched reads what others change in it."
  changes     = projects.files
  require "dri" {
    within = "16h"
  }
}

rule "shared libraries" {
  description = "What every project builds on is read by two engineers."
  changes     = glob("lib/**")
  require "engineer" {
    approvals = 2
  }
}

rule "everything else" {
  changes = uncovered.files
  require "engineer" {}
}

commands {
  assign-dri = ["dri", "manager", "engineer"] # any engineer may name one
}
