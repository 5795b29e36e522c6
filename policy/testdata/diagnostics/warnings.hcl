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

role "pair" { members = ["@ana", "@bo"] }

role "first" { members = ["@ana"] }

rule "texts that never occur" {
  changes = concat(
    [for d in dependencies : d if d.action == "added"],
    [for f in files : f if contains(["deleted", "removed"], f.status)],
    [for r in terraform.resources : r if "destroy" != r.action],
  )
  require "pair" {}
}

rule "too few different people" {
  changes  = go.files
  distinct = true
  require "pair" { approvals = 2 }
  any {
    require "first" {}
    require "manager" { approvals = 2 }
  }
}

rule "enough by one of the alternatives" {
  changes  = go.files
  distinct = true
  require "pair" { approvals = 2 }
  any {
    require "first" {}
    require "manager" {}
  }
}

rule "never in a loop" {
  changes = concat([for f in files : f if 1 > 2], [])
  require "pair" {}
}
