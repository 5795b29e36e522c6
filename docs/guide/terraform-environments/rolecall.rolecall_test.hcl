given {
  pull  = { author = "@dan" }
  roles = { "cloud-engineer" = ["@ana", "@bo"], "security-engineer" = ["@sam"] }
}

test "staging needs a Cloud Engineer alone" {
  files   = { "environments/staging/vm.tf" = { after = "resource \"google_compute_instance\" \"a\" {}\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { status = "met", in_force = ["staging"], not_in_force = ["production", "access"] }
}

test "production needs both" {
  files   = { "environments/production/vm.tf" = { after = "resource \"google_compute_instance\" \"a\" {}\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { waiting_for = ["security-engineer"], in_force = ["production"], not_in_force = ["staging"] }
}

test "a module counts as production" {
  files  = { "modules/vm/main.tf" = { before = "variable \"size\" {}\n", after = "variable \"size\" {\n  default = 1\n}\n" } }
  expect = { waiting_for = ["cloud-engineer", "security-engineer"], in_force = ["production"] }
}

test "access is read by a Security Engineer in staging, too" {
  files   = { "environments/staging/iam.tf" = { after = "resource \"google_project_iam_member\" \"m\" {\n  role = \"roles/owner\"\n}\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { waiting_for = ["security-engineer"], waiting = ["access"], met = ["staging"] }
}

test "a resource of a type that nobody knows may be about access" {
  files  = { "environments/staging/x.tf" = { after = "resource \"unheardof_thing\" \"t\" {}\n" } }
  expect = { in_force = ["access"] }
}

test "a database without its protection brings the manager in" {
  files = {
    "environments/production/db.tf" = {
      before = "resource \"google_sql_database_instance\" \"d\" {\n  deletion_protection = true\n}\n"
      after  = "resource \"google_sql_database_instance\" \"d\" {\n  deletion_protection = false\n}\n"
    }
  }
  expect = { waiting_for = ["cloud-engineer", "security-engineer", "manager"], in_force = ["data at risk"] }
}

test "no one person for both" {
  roles   = { "cloud-engineer" = ["@ana"], "security-engineer" = ["@ana", "@sam"] }
  files   = { "environments/production/vm.tf" = { after = "resource \"google_compute_instance\" \"a\" {}\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { status = "waiting" }
}

test "documents beside it need one reader" {
  files  = { "README.md" = { after = "# Environments\n" } }
  expect = { waiting_for = ["cloud-engineer"], in_force = ["everything else"], not_in_force = ["production"] }
}
