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

rule "lists and conditions" {
  changes = label("x")
  when    = go.files
  require "cloud-engineer" {}
}

rule "comparisons" {
  when = go.files == [] || pull.number == "5" || contains(files, "x") || length(pull.title) > 3
  require "cloud-engineer" {}
}

rule "attributes" {
  changes = [for f in files : f.path.name]
  when    = files.path == "x" || go.nothing == 1 || length(go) > 0 || startswith(pull.number, "x")
  require "cloud-engineer" {}
}

rule "arguments" {
  changes = [for f in files : f if before(f, "x") == 1 || matches(pull.number, "x") || matches(f)]
  when    = glob() || lower("a", "b") == "a" || "x" && !5
  require "cloud-engineer" {}
}

rule "shadow" {
  changes = [for go in files : go]
  require "cloud-engineer" {}
}
