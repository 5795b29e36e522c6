given {
  pull  = { author = "@dan" }
  roles = { developer = ["@ana", "@bo"], "security-engineer" = ["@sam"] }
}

test "a new module is for a Security Engineer" {
  files = {
    "go.mod" = {
      before = "module example.com/m\n\ngo 1.22\n"
      after  = "module example.com/m\n\ngo 1.22\n\nrequire golang.org/x/mod v0.20.0\n"
    }
  }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { waiting_for = ["security-engineer"], in_force = ["new dependencies"], not_in_force = ["upgrades"] }
}

test "an upgrade is for a developer" {
  files = {
    "go.mod" = {
      before = "module example.com/m\n\ngo 1.22\n\nrequire golang.org/x/mod v0.20.0\n"
      after  = "module example.com/m\n\ngo 1.22\n\nrequire golang.org/x/mod v0.21.0\n"
    }
  }
  expect = { waiting_for = ["developer"], in_force = ["upgrades"], not_in_force = ["new dependencies", "odd dependencies"] }
}

test "an upgrade by a bot is read by two" {
  pull = { author = "@renovate", bot = true }
  files = {
    "go.mod" = {
      before = "module example.com/m\n\ngo 1.22\n\nrequire golang.org/x/mod v0.20.0\n"
      after  = "module example.com/m\n\ngo 1.22\n\nrequire golang.org/x/mod v0.21.0\n"
    }
  }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { status = "waiting", waiting = ["upgrades by a bot"], not_in_force = ["upgrades"] }
}

test "a replace directive is odd" {
  files = {
    "go.mod" = {
      before = "module example.com/m\n\ngo 1.22\n\nrequire golang.org/x/mod v0.20.0\n"
      after  = "module example.com/m\n\ngo 1.22\n\nrequire golang.org/x/mod v0.20.0\n\nreplace golang.org/x/mod => example.com/fork v0.1.0\n"
    }
  }
  expect = { in_force = ["odd dependencies"], waiting_for = ["security-engineer"] }
}

test "code without dependencies is for a developer" {
  files  = { "main.go" = { after = "package main\n" } }
  expect = { waiting_for = ["developer"], in_force = ["everything else"], not_in_force = ["new dependencies"] }
}
