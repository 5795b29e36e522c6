# The organisation's floor, in rolecall.hcl of its .github repository: what
# every repository must meet, whatever its own policy says.

policy {
  keepers = ["ciso"]
  floor   = true
}

role "ciso" {
  title   = "CISO"
  members = ["@hana"]
}

role "security" {
  title     = "Security"
  members   = ["@acme/security"]
  otherwise = "ciso"
}

rule "secrets of the organisation" {
  description = "What runs with the organisation's secrets is read by Security, everywhere."
  changes     = [for w in workflows : w if length(w.secrets) > 0 || w.privileged]
  require "security" {}
}

rule "access" {
  description = "Who may do what in our clouds is read by Security, everywhere."
  changes     = [for r in terraform.resources : r if contains(["iam", "org-policy"], r.kind)]
  require "security" {}
}

rule "licences" {
  changes = glob("**/LICENSE*", "**/COPYING*")
  require "ciso" {}
}
