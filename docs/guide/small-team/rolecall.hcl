# A team of a few: one of them reads every change, and two read what can hurt.

policy {
  keepers = ["developer"] # who must approve a change of this file and its tests
}

role "developer" {
  title   = "Developer"
  members = ["@ana", "@bo", "@cy"]
}

rule "risky" {
  description = "Two of us read what runs with secrets, and what changes infrastructure."
  changes     = concat(terraform.files, workflows)
  require "developer" {
    approvals = 2
  }
}

rule "everything else" {
  changes = uncovered.files
  require "developer" {}
}
