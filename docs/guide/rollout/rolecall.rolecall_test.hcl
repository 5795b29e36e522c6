given {
  pull  = { author = "@dan" }
  roles = { developer = ["@ana", "@bo"] }
}

test "what would be waiting is said, and does not block" {
  files  = { "main.go" = { after = "package main\n" } }
  expect = { status = "waiting", waiting_for = ["developer"], reasons = ["observed"] }
}

test "and what would be let through" {
  files   = { "main.go" = { after = "package main\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { status = "met", reasons = ["observed"] }
}

test "advice holds nothing up" {
  files   = { "notes.txt" = { after = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { status = "met", waiting = ["large changes"], met = ["everything else"] }
}

test "what no other rule is about has its rule" {
  files  = { "notes.txt" = { after = "one\n" } }
  expect = { waiting = ["everything else"], not_in_force = ["code", "large changes"] }
}
