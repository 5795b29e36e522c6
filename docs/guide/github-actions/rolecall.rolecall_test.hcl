given {
  pull  = { author = "@dan" }
  roles = { developer = ["@ana", "@bo"], "security-engineer" = ["@sam"] }
}

test "a workflow that gets no more rights is for a developer" {
  files = {
    ".github/workflows/ci.yml" = {
      before = "on: push\npermissions: {}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
      after  = "on: push\npermissions: {}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make test\n"
    }
  }
  expect = { waiting_for = ["developer"], in_force = ["workflows"], not_in_force = ["sharp workflows"] }
}

test "more permissions are for a Security Engineer" {
  files = {
    ".github/workflows/ci.yml" = {
      before = "on: push\npermissions: {}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
      after  = "on: push\npermissions:\n  contents: write\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
    }
  }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { waiting_for = ["security-engineer"], in_force = ["sharp workflows"] }
}

test "an action that is not pinned is sharp" {
  files = {
    ".github/workflows/ci.yml" = {
      before = "on: push\npermissions: {}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
      after  = "on: push\npermissions: {}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: somebody/something@v1\n      - run: make\n"
    }
  }
  expect = { in_force = ["sharp workflows"] }
}

test "a title of anybody's in a script is sharp" {
  files = {
    ".github/workflows/ci.yml" = {
      before = "on: push\npermissions: {}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
      after  = "on: push\npermissions: {}\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make $${{ github.event.pull_request.title }}\n"
    }
  }
  expect = { in_force = ["sharp workflows"] }
}

test "a workflow that cannot be read is sharp" {
  files  = { ".github/workflows/ci.yml" = { before = "on: push\n", after = "on: push\n", mode = "100755", previous_mode = "100644", unreadable = true } }
  expect = { in_force = ["sharp workflows"] }
}

test "a push undoes the approval of a sharp workflow" {
  files = {
    ".github/workflows/ci.yml" = { after = "on: pull_request_target\njobs: {}\n" }
    "README.md"                = { before = "a\n", after = "b\n" }
  }
  reviews = [{ by = "@sam", state = "approved", before_push = { "README.md" = "c\n" } }]
  expect  = { waiting = ["sharp workflows"], ignored = ["@sam"] }
}

test "a fork brings the manager in" {
  pull   = { author = "@stranger", fork = true }
  files  = { ".github/workflows/ci.yml" = { after = "on: push\njobs: {}\n" } }
  expect = { in_force = ["from outside"], waiting = ["from outside"] }
}

test "code is for a developer" {
  files  = { "main.go" = { after = "package main\n" } }
  expect = { waiting_for = ["developer"], in_force = ["everything else"] }
}
