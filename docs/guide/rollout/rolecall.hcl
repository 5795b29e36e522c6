# The first weeks: rolecall decides and explains, and blocks nothing. When the
# checks say what you would have said, mode becomes "enforce".

policy {
  keepers = ["manager"]
  mode    = "observe"
}

role "developer" {
  title   = "Developer"
  members = ["@acme/developers"]
}

role "on-call-engineer" {
  title = "On-call Engineer"
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "168h"
    order  = ["@ana", "@bo"]
  }
}

role "manager" {
  title   = "Engineering Manager"
  members = ["@mia"]
}

rule "code" {
  changes = go.files
  require "developer" {}
}

# A rule of which you are not sure yet stays advice when the others block.
rule "large changes" {
  description = "Large changes are read by two."
  advice      = true
  when        = sum([for f in files : f.additions]) > 20
  require "developer" {
    approvals = 2
  }
}

rule "everything else" {
  changes = uncovered.files
  require "developer" {}
}

# Once it blocks, an incident needs a way through: whoever is on call, or a
# manager, may take it, and says why.
commands {
  break-glass = ["on-call-engineer", "manager"]
}
