# Infrastructure in environments: staging moves fast, production takes two
# people, and what could lose data takes a manager as well.

policy {
  keepers = ["security-engineer"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

role "security-engineer" {
  title     = "Security Engineer"
  members   = ["@acme/security"]
  otherwise = "manager" # where the only one wrote the change
}

role "manager" {
  title   = "Engineering Manager"
  members = ["@mia"]
}

locals {
  # Whatever the directories are called, modules that production uses count as
  # production: terraform.files holds only what is Terraform.
  production = [for f in terraform.files : f if !matches(f, "environments/staging/**", "environments/dev/**")]
  dangerous  = [for r in terraform.resources : r if length([for k in r.risks : k if contains(["destroys-data", "loses-protection"], k.name)]) > 0]
}

rule "staging" {
  description = "One Cloud Engineer is enough where nothing runs for customers."
  changes     = glob("environments/staging/**", "environments/dev/**")
  require "cloud-engineer" {}
}

rule "production" {
  description = "Production takes two people: a Cloud Engineer and a Security Engineer."
  changes     = local.production
  distinct    = true
  require "cloud-engineer" {}
  require "security-engineer" {
    within = "8h"
  }
}

rule "access" {
  description = "A Security Engineer reads every change of who may do what, in staging, too."
  changes     = [for r in terraform.resources : r if contains(["iam", "secret", "key", "org-policy"], r.kind)]
  require "security-engineer" {}
}

rule "data at risk" {
  description = "A manager knows before data can be lost."
  changes     = local.dangerous
  require "manager" {}
}

rule "everything else" {
  changes = uncovered.files
  require "cloud-engineer" {}
}
