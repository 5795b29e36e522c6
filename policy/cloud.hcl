# Who reviews what, by role. rolecall reads this file from the default branch;
# a change of it takes effect once it is merged.

policy {
  keepers = ["manager", "security-engineer"] # who must approve a change of this file and its tests
  mode    = "enforce"                        # "observe" decides and explains, and never blocks
}

# Roles: who they are.

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

role "security-engineer" {
  title     = "Security Engineer"
  members   = ["@acme/security"]
  otherwise = "manager" # who stands in when nobody in the role may approve a change
  hours     = { timezone = "Europe/Berlin", days = ["mon", "tue", "wed", "thu", "fri"], from = "09:00", to = "18:00" }
}

role "on-call-engineer" {
  title = "On-call Engineer"
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "168h"
    order  = ["@ana", "@bo", "@cy"]
  }
}

role "manager" {
  title   = "Engineering Manager"
  members = ["@mia"]
}

role "dri" {
  title = "DRI" # held by the projects' DRIs, and by whom /assign-dri names
}

# Projects: files with one directly responsible person.

project "instances" {
  files  = ["instances/**", "cmd/mi/**"]
  dri    = "@ana"
  notify = ["@acme/support"]
}

# Rules: when these changes are made, under these circumstances, require these roles.

locals {
  instances = [for r in terraform.resources : r if r.instance && contains(["create", "delete"], r.action)]

  # Nothing but instances that come or go, which is what the on-call engineer serves.
  only_instances = (
    length(local.instances) > 0
    && length(local.instances) == length(terraform.resources)
    && length(terraform.modules) == 0
    && length(terraform.providers) == 0
    && length(terraform.settings) == 0
  )
}

rule "go" {
  description = "A Cloud Engineer reviews Go."
  changes     = go.files
  require "cloud-engineer" {}
}

rule "infrastructure" {
  description = "Infrastructure takes two people: a Cloud Engineer and a Security Engineer."
  changes     = terraform.files
  when        = !local.only_instances
  distinct    = true
  require "cloud-engineer" {}
  require "security-engineer" {}
}

rule "instances" {
  description = "Whoever is on call may approve instances that come or go in a Cloud Engineer's place."
  changes     = terraform.files
  when        = local.only_instances
  distinct    = true
  any {
    require "cloud-engineer" {}
    require "on-call-engineer" {}
  }
  require "security-engineer" {}
}

rule "security label" {
  description = "Anybody can ask for a Security Engineer, with the label or with /needs-security."
  when        = label("security", "security-engineer")
  require "security-engineer" {}
}

rule "new tools" {
  description = "A Security Engineer approves new tools: modules, providers, actions, images."
  changes     = [for d in dependencies : d if d.action == "add"]
  require "security-engineer" { within = "8h" }
}

rule "workflows" {
  description = "A Security Engineer approves what runs with the repository's secrets."
  changes     = workflows
  require "security-engineer" {}
}

rule "rfc" {
  description = "Designs are read by both."
  changes     = glob("rfcs/**", "docs/rfcs/**")
  distinct    = true
  require "cloud-engineer" {}
  require "security-engineer" {}
}

rule "project" {
  description = "The DRI of each project touched reviews what others change in it."
  changes     = projects.files
  require "dri" {}
}

rule "everything else" {
  description = "What no other rule is about is still read by one person."
  changes     = uncovered.files
  require "cloud-engineer" {}
}

# Advice is shown in the check and never blocks.

rule "tests" {
  description = "Go changes what it does, and no test changes."
  advice      = true
  changes     = [for f in go.functions : f if !f.test]
  when        = length([for f in go.functions : f if f.test]) == 0
  require "cloud-engineer" {}
}

rule "docs" {
  description = "What other code can use changes, and no document does."
  advice      = true
  changes     = go.exported
  when        = length(glob("docs/**", "**/*.md")) == 0
  require "cloud-engineer" {}
}
