# Workflows run with the repository's secrets, so that a change of them is a
# change of who can do what.

policy {
  keepers = ["security-engineer"]
}

role "developer" {
  title   = "Developer"
  members = ["@acme/developers"]
}

role "security-engineer" {
  title     = "Security Engineer"
  members   = ["@acme/security"]
  otherwise = "manager"
}

role "manager" {
  title   = "Engineering Manager"
  members = ["@mia"]
}

locals {
  real = [for w in workflows : w if !w.cosmetic] # comments and names change nothing
  sharp = [
    for w in local.real : w
    if w.privileged || length(w.permissions) > 0 || length(w.secrets) > 0 || length(w.injections) > 0 || length(w.unpinned) > 0
  ]
}

rule "workflows" {
  description = "A developer reads what our workflows do."
  changes     = local.real
  require "developer" {}
}

rule "sharp workflows" {
  description = "More permissions, secrets, privileged triggers, injections or unpinned actions are for a Security Engineer."
  changes     = local.sharp
  distinct    = true
  sticky      = "never" # an approval is of this very version
  require "developer" {}
  require "security-engineer" {}
}

rule "from outside" {
  description = "Nobody from outside changes our workflows without a manager."
  changes     = workflows
  when        = pull.fork
  require "manager" {}
}

rule "everything else" {
  changes = uncovered.files
  require "developer" {}
}
