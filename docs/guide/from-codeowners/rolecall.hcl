# The imported policy, one step on: the rules say what a change is, where they
# could only say where it lies.

policy {
  keepers = ["platform"]
}

role "platform" {
  title   = "Platform"
  members = ["@acme/platform"]
}

role "writers" {
  title   = "Writers"
  members = ["@acme/writers"]
}

role "cloud" {
  title   = "Cloud"
  members = ["@acme/cloud"]
}

role "security" {
  title     = "Security"
  members   = ["@acme/security"]
  otherwise = "platform"
}

rule "docs" {
  changes = [for f in glob("docs/**") : f if !f.generated]
  require "writers" {}
}

# It was "*.tf" and "/terraform/": modules, variables and lock files count, too.
rule "infrastructure" {
  changes = terraform.files
  require "cloud" {}
}

# It was "/terraform/iam/", and either team: now it is access wherever it is
# granted, and both.
rule "access" {
  changes = [for r in terraform.resources : r if r.kind == "iam"]
  require "security" {}
}

rule "everything else" {
  changes = [for f in uncovered.files : f if !matches(f, "docs/generated/**")]
  require "platform" {}
}
