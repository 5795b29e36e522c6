given {
  pull  = { author = "@dan" }
  teams = { "@acme/platform" = ["@pat"], "@acme/writers" = ["@wil"], "@acme/cloud" = ["@ana"], "@acme/security" = ["@sam"] }
}

test "a file has the owners of the last line that matched it" {
  files   = { "terraform/iam/main.tf" = { after = "# access\n" } }
  reviews = [{ by = "@sam", state = "approved" }]
  expect  = { status = "met", in_force = ["cloud-or-security"], not_in_force = ["cloud", "platform"] }
}

test "Terraform is the cloud team's wherever it is" {
  files  = { "docs/example.tf" = { after = "# a\n" } }
  expect = { waiting_for = ["cloud"] }
}

test "a renamed file has the owners of both its names" {
  files  = { "docs/setup.md" = { previous = "tools/setup.md", before = "a\n", after = "a\n" } }
  expect = { in_force = ["writers", "platform"] }
}

test "everything else" {
  files  = { "main.go" = { after = "package main\n" } }
  expect = { waiting_for = ["platform"] }
}

test "access" {
  files  = { "terraform/iam/main.tf" = { after = "# access\n" } }
  expect = { waiting = ["cloud-or-security"] }
}

test "nobody owns what is generated" {
  files  = { "docs/generated/api.md" = { after = "a\n" } }
  expect = { status = "met", not_in_force = ["platform", "writers"] }
}
