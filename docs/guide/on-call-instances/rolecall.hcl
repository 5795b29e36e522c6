# Machines come and go by pull request. Whoever is on call serves such requests
# in a Cloud Engineer's place, so that nobody waits for one overnight.

policy {
  keepers = ["manager", "security-engineer"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

role "security-engineer" {
  title   = "Security Engineer"
  members = ["@acme/security"]
}

role "on-call-engineer" {
  title = "On-call Engineer"
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "168h" # a week each
    order  = ["@ana", "@bo", "@cy"]
  }
}

role "manager" {
  title   = "Engineering Manager"
  members = ["@mia"]
}

locals {
  instances = [for r in terraform.resources : r if r.instance && contains(["create", "delete"], r.action)]

  # Nothing in the change but instances that come or go.
  only_instances = (
    length(local.instances) > 0
    && length(local.instances) == length(terraform.resources)
    && length(terraform.modules) == 0
    && length(terraform.providers) == 0
    && length(terraform.settings) == 0
  )
}

rule "instances" {
  description = "Whoever is on call may serve it; a Security Engineer reads it in any case."
  changes     = terraform.files
  when        = local.only_instances
  distinct    = true
  any {
    require "cloud-engineer" {}
    require "on-call-engineer" {}
  }
  require "security-engineer" {}
}

rule "other infrastructure" {
  description = "Anything else takes a Cloud Engineer."
  changes     = terraform.files
  when        = !local.only_instances
  distinct    = true
  require "cloud-engineer" {}
  require "security-engineer" {}
}

rule "everything else" {
  changes = uncovered.files
  require "cloud-engineer" {}
}
