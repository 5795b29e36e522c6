given {
  pull  = { author = "@dan" }
  roles = { engineer = ["@ana", "@bo", "@cy", "@dan", "@eve"] }
}

test "the DRI reads what others change" {
  files  = { "services/billing/main.go" = { after = "package main\n" } }
  expect = { waiting_for = ["dri of billing"], dri = { billing = ["@ana"] } }
}

test "a DRI is excused from their own project" {
  pull   = { author = "@ana" }
  files  = { "services/billing/main.go" = { after = "package main\n" } }
  expect = { status = "met" }
}

test "each project touched asks its own" {
  files = {
    "services/billing/main.go" = { after = "package main\n" }
    "services/search/main.go"  = { after = "package main\n" }
  }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { waiting_for = ["dri of search"] }
}

test "a project without a DRI is stuck until somebody names one" {
  files  = { "apps/mobile/main.go" = { after = "package main\n" } }
  expect = { status = "stuck", reasons = ["dri_missing"] }
}

test "a comment names the DRI" {
  files    = { "apps/mobile/main.go" = { after = "package main\n" } }
  comments = [{ by = "@mia", body = "/assign-dri @eve" }]
  reviews  = [{ by = "@eve", state = "approved" }]
  expect   = { status = "met", dri = { mobile = ["@eve"] } }
}

test "nobody makes themselves the DRI of their own change" {
  pull     = { author = "@eve" }
  files    = { "apps/mobile/main.go" = { after = "package main\n" } }
  comments = [{ by = "@eve", body = "/assign-dri" }]
  expect   = { status = "stuck" }
}

test "two engineers read a shared library" {
  files   = { "lib/http/client.go" = { after = "package http\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { status = "waiting", waiting = ["shared libraries"] }
}

test "the rest needs one" {
  files  = { "README.md" = { after = "# Here\n" } }
  expect = { waiting_for = ["engineer"], in_force = ["everything else"] }
}
