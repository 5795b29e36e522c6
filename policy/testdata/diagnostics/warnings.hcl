policy { keepers = ["manager"] }

role "manager" { members = ["@mia"] }
role "nobody" {}

rule "more than there are" {
  changes = go.files
  require "manager" { approvals = 2 }
}

rule "never" {
  changes = go.files
  when    = false && pull.draft
  require "nobody" {}
}
