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

role "security-engineer" { members = ["@sam"] }

rule "anybody could end it" {
  when = !label("docs")
  require "cloud-engineer" {}
}

rule "in a comparison" {
  when = label("docs") == false || length(pull.labels) == 0 || !contains(pull.labels, "x")
  require "cloud-engineer" {}
}

rule "through a local" {
  when = !local.docs
  require "cloud-engineer" {}
}

locals { docs = label("docs") }

rule "fine" {
  when = !label("docs", "security-engineer") && !label("security") && !(!label("docs")) && contains(pull.labels, "x")
  require "cloud-engineer" {}
}
