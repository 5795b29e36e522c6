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

rule "turns unknown into no" {
  when = try(pull.draft, false) || can(pull.draft) || coalesce(pull.title, "") == "" || anytrue([pull.draft])
  require "cloud-engineer" {}
}

rule "expanded" {
  changes = glob(["a", "b"]...)
  require "cloud-engineer" {}
}

rule "patterns" {
  changes = concat(glob("/a"), glob("a/"), glob("a/**.go"), glob("a[b"), glob("!a"), glob("../a"), glob(pull.title), glob(""))
  when    = length(regexall("(", pull.title)) > 0
  require "cloud-engineer" {}
}

rule "root only" {
  changes = glob("*.go")
  require "cloud-engineer" {}
}
