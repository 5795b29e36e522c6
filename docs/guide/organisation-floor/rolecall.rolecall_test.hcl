given {
  pull  = { author = "@dan" }
  roles = { security = ["@sam"] }
}

test "a secret in a workflow is for Security" {
  files = {
    ".github/workflows/deploy.yml" = {
      after = "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - run: deploy\n        env:\n          TOKEN: $${{ secrets.DEPLOY_TOKEN }}\n"
    }
  }
  expect = { waiting_for = ["security"], in_force = ["secrets of the organisation"] }
}

test "a workflow without secrets is the repository's own business" {
  files  = { ".github/workflows/ci.yml" = { after = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n" } }
  expect = { status = "met", not_in_force = ["secrets of the organisation"] }
}

test "access to a project is for Security" {
  files  = { "iam.tf" = { after = "resource \"google_project_iam_member\" \"m\" {}\n" } }
  expect = { waiting_for = ["security"], in_force = ["access"] }
}

test "the CISO stands in where Security wrote it" {
  pull    = { author = "@sam" }
  files   = { "iam.tf" = { after = "resource \"google_project_iam_member\" \"m\" {}\n" } }
  reviews = [{ by = "@hana", state = "approved" }]
  expect  = { status = "met", reasons = ["stood_in"] }
}

test "a licence is for the CISO" {
  files  = { "LICENSE" = { before = "a\n", after = "b\n" } }
  expect = { waiting_for = ["ciso"] }
}
