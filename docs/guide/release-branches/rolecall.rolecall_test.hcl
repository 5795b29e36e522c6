given {
  now   = "2026-01-15T12:00:00Z" # @rae's two weeks
  pull  = { author = "@dan" }
  roles = { developer = ["@ana", "@rae"] }
}

test "main takes one developer" {
  files  = { "a.go" = { after = "package a\n" } }
  expect = { waiting_for = ["developer"], check = "rolecall: main", in_force = ["every change"], not_in_force = ["release"] }
}

test "a release takes two people" {
  pull    = { base = "release/1.4" }
  files   = { "a.go" = { after = "package a\n" } }
  reviews = [{ by = "@rae", state = "approved" }]
  expect  = { status = "waiting", check = "rolecall: release" }
}

test "both have approved" {
  pull    = { base = "hotfix/1.4.1" }
  files   = { "a.go" = { after = "package a\n" } }
  reviews = [{ by = "@rae", state = "approved" }, { by = "@ana", state = "approved" }]
  expect  = { status = "met" }
}

test "a push to a release needs both again" {
  pull    = { base = "release/1.4" }
  files   = { "a.go" = { after = "package a\n" }, "b.go" = { after = "package a\n" } }
  reviews = [{ by = "@rae", state = "approved" }, { by = "@ana", state = "approved", before_push = { "b.go" = "package b\n" } }]
  expect  = { waiting = ["release"], ignored = ["@ana"] }
}

test "thirty-two lines are no fix" {
  pull   = { base = "release/1.4" }
  files  = { "a.txt" = { after = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n31\n32\n" } }
  expect = { in_force = ["large for a release"], waiting = ["large for a release"] }
}

test "a new dependency waits for the next release" {
  pull = { base = "release/1.4" }
  files = {
    "go.mod" = { before = "module example.com/m\n", after = "module example.com/m\n\nrequire golang.org/x/mod v0.20.0\n" }
  }
  expect = { waiting = ["no new dependencies in a release"] }
}
