policy {
  keepers = ["manager"]
}

role "manager" { members = ["@mia"] }
role "cloud-engineer" { members = ["@acme/cloud"] }
role "dri" {}

rule "rest" {
  changes = uncovered.files
  require "cloud-engineer" {}
}

locals {
  a = local.b
  b = local.c
  c = local.a
}

rule "circle" {
  changes = local.a
  require "cloud-engineer" {}
}

rule "loops" {
  changes = [for a in files : [for b in files : [for c in files : [for d in files : d]]]]
  require "cloud-engineer" {}
}
