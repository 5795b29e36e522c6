given {
  now   = "2026-01-15T12:00:00Z" # the second week of the rotation: @bo's
  pull  = { author = "@dan" }
  roles = { "cloud-engineer" = ["@eve"], "security-engineer" = ["@sam"] }
}

test "whoever is on call serves a request for a machine" {
  files   = { "vm.tf" = { after = "resource \"google_compute_instance\" \"a\" {}\n" } }
  reviews = [{ by = "@bo", state = "approved" }, { by = "@sam", state = "approved" }]
  expect  = { status = "met", in_force = ["instances"], counts = ["@bo", "@sam"] }
}

test "somebody who is not on call does not" {
  files   = { "vm.tf" = { after = "resource \"google_compute_instance\" \"a\" {}\n" } }
  reviews = [{ by = "@ana", state = "approved" }, { by = "@sam", state = "approved" }]
  expect  = { status = "waiting", ignored = ["@ana"] }
}

test "an approval outlives the turn in which it was given" {
  now     = "2026-01-20T12:00:00Z" # @cy's week
  files   = { "vm.tf" = { after = "resource \"google_compute_instance\" \"a\" {}\n" } }
  reviews = [{ by = "@bo", state = "approved", at = "2026-01-15T12:00:00Z" }, { by = "@sam", state = "approved" }]
  expect  = { status = "met", counts = ["@bo"] }
}

test "a machine and a network are more than a machine" {
  files = {
    "vm.tf"  = { after = "resource \"google_compute_instance\" \"a\" {}\n" }
    "net.tf" = { after = "resource \"google_compute_network\" \"n\" {}\n" }
  }
  reviews = [{ by = "@bo", state = "approved" }, { by = "@sam", state = "approved" }]
  expect  = { waiting_for = ["cloud-engineer"], in_force = ["other infrastructure"], not_in_force = ["instances"] }
}

test "what cannot be read may be either" {
  files  = { "vm.tf" = { before = "", after = "resource {{\n" } }
  expect = { in_force = ["instances", "other infrastructure"] }
}

test "documents are for a Cloud Engineer" {
  files  = { "README.md" = { after = "# Machines\n" } }
  expect = { waiting_for = ["cloud-engineer"], in_force = ["everything else"] }
}
