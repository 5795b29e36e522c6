given {
  pull = { author = "@ana" }
}

test "one of the others reads a change of code" {
  files   = { "main.go" = { before = "package main\n", after = "package main\n\nfunc main() {}\n" } }
  reviews = [{ by = "@bo", state = "approved" }]
  expect  = { status = "met", in_force = ["everything else"], not_in_force = ["risky"] }
}

test "one's own approval does not count" {
  files   = { "README.md" = { before = "# A\n", after = "# B\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { waiting_for = ["developer"], ignored = ["@ana"] }
}

test "both others read Terraform" {
  files   = { "main.tf" = { after = "resource \"google_project\" \"p\" {}\n" } }
  reviews = [{ by = "@bo", state = "approved" }]
  expect  = { status = "waiting", waiting = ["risky"] }
}

test "a workflow is risky, wherever the rest of the change is" {
  files = {
    "main.go"                  = { after = "package main\n" }
    ".github/workflows/ci.yml" = { after = "on: push\njobs: {}\n" }
  }
  reviews = [{ by = "@bo", state = "approved" }, { by = "@cy", state = "approved" }]
  expect  = { status = "met", met = ["risky", "everything else"] }
}
