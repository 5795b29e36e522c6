given {
  pull  = { author = "@dan" }
  teams = { "@acme/platform" = ["@pat"], "@acme/writers" = ["@wil"], "@acme/cloud" = ["@ana"], "@acme/security" = ["@sam"] }
}

test "access is read by both, wherever it is granted" {
  files   = { "services/x/iam.tf" = { after = "resource \"google_project_iam_member\" \"m\" {}\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { waiting_for = ["security"], met = ["infrastructure"] }
}

test "a machine is for the cloud team alone" {
  files  = { "terraform/iam/vm.tf" = { after = "resource \"google_compute_instance\" \"a\" {}\n" } }
  expect = { waiting_for = ["cloud"], not_in_force = ["access"] }
}

test "a document is for a writer" {
  files  = { "docs/setup.md" = { after = "# Setup\n" } }
  expect = { waiting_for = ["writers"] }
}

test "everything else" {
  files  = { "main.go" = { after = "package main\n" } }
  expect = { waiting_for = ["platform"], in_force = ["everything else"] }
}
