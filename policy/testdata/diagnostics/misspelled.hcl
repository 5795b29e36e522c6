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

rull "go" {}

rule "block and argument" {
  chnages = go.files
  reqire "cloud-engineer" {}
  require "cloud-enginer" {
    approval = 2
    ask      = "al"
  }
}

rule "names" {
  changes = [for r in terraform.resouces : r if r.kid == "iam"]
  when    = pull.drafts || (labels("x") ? true : false)
  require "cloud-engineer" {}
}

rule "inside for, and, conditional" {
  changes = [for r in terraform.resources : r if r.action == "create" && (r.data ? r.instanse : contains([for k in r.risks : k.nam], "public"))]
  when    = length([for f in go.files : f.pth]) > 0 || author_in("cloud-engneer") || local.nothing
  require "cloud-engineer" {}
}
