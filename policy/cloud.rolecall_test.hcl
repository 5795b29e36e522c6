# What the policy beside this file must decide: rolecall test runs it, and so
# does the check of every pull request that changes either.

given {
  pull = { author = "@dan" }
  roles = {
    "cloud-engineer"    = ["@cleo", "@cody"]
    "security-engineer" = ["@sam"]
    "on-call-engineer"  = ["@ona"]
    "manager"           = ["@mo"]
  }
}

test "a Cloud Engineer reviews Go" {
  files = { "main.go" = { before = "package main\n", after = "package main\n\nfunc main() {}\n" } }
  expect = {
    waiting_for  = ["cloud-engineer"]
    in_force     = ["go"]
    not_in_force = ["infrastructure", "everything else"]
  }
}

test "nobody approves their own change" {
  pull    = { author = "@cleo" }
  files   = { "main.go" = { before = "package main\n", after = "package main\n\nfunc main() {}\n" } }
  reviews = [{ by = "@cleo", state = "approved" }]
  expect  = { status = "waiting", ignored = ["@cleo"] }
}

test "infrastructure takes two people" {
  files   = { "network/main.tf" = { before = "", after = "resource \"google_compute_network\" \"n\" {}\n" } }
  reviews = [{ by = "@cleo", state = "approved" }]
  expect = {
    waiting_for = ["security-engineer"]
    in_force    = ["infrastructure"]
    counts      = ["@cleo"]
  }
}

test "the manager stands in for a Security Engineer who is the author" {
  pull    = { author = "@sam" }
  files   = { "network/main.tf" = { before = "", after = "resource \"google_compute_network\" \"n\" {}\n" } }
  reviews = [{ by = "@cleo", state = "approved" }, { by = "@mo", state = "approved" }]
  expect  = { status = "met" }
}

test "whoever is on call may approve a new instance" {
  files   = { "vm/main.tf" = { after = "resource \"google_compute_instance\" \"vm\" {}\n" } }
  reviews = [{ by = "@ona", state = "approved" }]
  expect = {
    waiting_for  = ["security-engineer"]
    in_force     = ["instances"]
    not_in_force = ["infrastructure"]
    counts       = ["@ona"]
  }
}

test "the label security stays although the author removes it" {
  label_events = [
    { label = "security", by = "@cody", action = "add" },
    { label = "security", by = "@dan", action = "remove" },
  ]
  expect = { in_force = ["security label"], waiting_for = ["security-engineer"] }
}

test "a new Go module needs a Security Engineer" {
  files = {
    "go.mod" = {
      before = "module example.com/a\n\ngo 1.24\n"
      after  = "module example.com/a\n\ngo 1.24\n\nrequire example.com/b v1.0.0\n"
    }
  }
  expect = { in_force = ["new tools"], waiting = ["new tools"] }
}

test "an upgrade of a Go module is no new tool" {
  files = {
    "go.mod" = {
      before = "module example.com/a\n\ngo 1.24\n\nrequire example.com/b v1.0.0\n"
      after  = "module example.com/a\n\ngo 1.24\n\nrequire example.com/b v1.1.0\n"
    }
  }
  expect = { not_in_force = ["new tools"], in_force = ["go"] }
}

test "a Security Engineer approves workflows" {
  files  = { ".github/workflows/ci.yml" = { after = "on: push\njobs: {}\n" } }
  expect = { in_force = ["workflows"], waiting_for = ["security-engineer"] }
}

test "designs are read by both" {
  files  = { "rfcs/0001.md" = { after = "# A design\n" } }
  expect = { waiting_for = ["cloud-engineer", "security-engineer"], in_force = ["rfc"] }
}

test "the DRI of a project reviews what others change in it" {
  files  = { "instances/README.md" = { after = "# Instances\n" } }
  expect = { in_force = ["project"], waiting_for = ["dri of instances"] }
}

test "what no other rule is about is read by one person" {
  files  = { "README.md" = { after = "# A project\n" } }
  expect = { in_force = ["everything else"], waiting_for = ["cloud-engineer"] }
}

test "advice asks for tests and documents" {
  files  = { "a/one.go" = { before = "package a\n", after = "package a\n\nfunc New() {}\n" } }
  expect = { waiting = ["tests", "docs"] }
}

test "an approval stands while the files that it covers are unchanged" {
  files = {
    "main.go"         = { before = "package main\n", after = "package main\n\nfunc main() {}\n" }
    "network/main.tf" = { before = "", after = "resource \"google_compute_network\" \"n\" {}\n" }
  }
  reviews = [
    { by = "@sam", state = "approved", before_push = { "main.go" = "package main\n\nvar x int\n" } },
    { by = "@cleo", state = "approved" },
  ]
  expect = { status = "met", counts = ["@sam", "@cleo"] }
}

test "a change of the policy needs its keepers" {
  files  = { ".github/rolecall.hcl" = { before = "# one\n", after = "# two\n" } }
  expect = { in_force = ["policy"], waiting = ["policy"] }
}
