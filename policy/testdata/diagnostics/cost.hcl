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

rule "cost" {
  when = length([for a in files : [for b in files : [for c in files : c if c.path == a.path]]]) > 0
  require "cloud-engineer" {}
}

locals {
  a = "${pull.body}${pull.body}${pull.body}${pull.body}${pull.body}${pull.body}${pull.body}${pull.body}"
  b = "${local.a}${local.a}${local.a}${local.a}${local.a}${local.a}${local.a}${local.a}"
  c = "${local.b}${local.b}${local.b}${local.b}${local.b}${local.b}${local.b}${local.b}"
  d = "${local.c}${local.c}${local.c}${local.c}${local.c}${local.c}${local.c}${local.c}"
  e = "${local.d}${local.d}${local.d}${local.d}${local.d}${local.d}${local.d}${local.d}"
}

rule "bomb" {
  when = local.e == "x"
  require "cloud-engineer" {}
}
