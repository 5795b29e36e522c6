given {
  now   = "2026-01-15T12:00:00Z"
  pull  = { author = "@dan", created_at = "2026-01-05T12:00:00Z" }
  roles = { developer = ["@dee"], architect = ["@ana", "@bo", "@cy"], "security-engineer" = ["@sam"] }
}

test "two architects and a Security Engineer read a new design" {
  files   = { "rfcs/0007-queues.md" = { after = "# Queues\n" } }
  reviews = [{ by = "@ana", state = "approved" }, { by = "@sam", state = "approved" }]
  expect  = { waiting_for = ["architect"], not_in_force = ["comment period"] }
}

test "a new design stays open for five days" {
  pull    = { created_at = "2026-01-14T12:00:00Z" }
  files   = { "rfcs/0007-queues.md" = { after = "# Queues\n" } }
  reviews = [{ by = "@ana", state = "approved" }, { by = "@bo", state = "approved" }, { by = "@sam", state = "approved" }]
  expect  = { status = "waiting", met = ["a new rfc"], waiting = ["comment period"] }
}

test "an architect's label lets it in before" {
  pull         = { created_at = "2026-01-14T12:00:00Z" }
  files        = { "rfcs/0007-queues.md" = { after = "# Queues\n" } }
  label_events = [{ label = "fast-track", by = "@cy", action = "add" }]
  expect       = { not_in_force = ["comment period"] }
}

test "the author's label does not" {
  pull         = { created_at = "2026-01-14T12:00:00Z" }
  files        = { "rfcs/0007-queues.md" = { after = "# Queues\n" } }
  label_events = [{ label = "fast-track", by = "@dan", action = "add" }]
  expect       = { in_force = ["comment period"] }
}

test "a change of a design takes one architect" {
  files   = { "rfcs/0001-names.md" = { before = "# Names\n", after = "# Names and numbers\n" } }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { status = "met", in_force = ["an rfc changes"], not_in_force = ["a new rfc"] }
}

test "without it nothing goes in" {
  files  = { "rfcs/0001-names.md" = { before = "# Names\n", after = "# Names and numbers\n" } }
  expect = { waiting = ["an rfc changes"] }
}

test "pictures beside it are no design" {
  files  = { "rfcs/queues.svg" = { after = "<svg/>\n" } }
  expect = { waiting_for = ["developer"], in_force = ["everything else"] }
}
