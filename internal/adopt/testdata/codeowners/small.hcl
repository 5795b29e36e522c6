# Who owns what, as CODEOWNERS had it: a file has the owners of the last line
# that matched it, and one of them approves. A renamed file has the owners of
# both its names.
#
# An approval stands while the files that it was given for stay as they are,
# and one by somebody who pushed to the pull request does not count (allow =
# ["contributor"] in a require block makes it count, as it did).

policy {
  keepers = ["team"]  # who must approve a change of this file and its tests
  mode    = "enforce" # "observe" decides and explains, and never blocks
}

role "team" {
  title   = "Team"
  members = ["@acme/team"]
}

role "writers" {
  title   = "Writers"
  members = ["@acme/writers"]
}

role "mia-or-writers" {
  title   = "Writers or @mia"
  members = ["@acme/writers", "@mia"]
}

rule "team" {
  changes = [for f in files : f if !matches(f, "**/*.md", "**/*.md/**", "docs/**")]
  require "team" {}
}

rule "writers" {
  changes = [for f in glob("**/*.md", "**/*.md/**") : f if !matches(f, "docs/**")]
  require "writers" {}
}

rule "mia-or-writers" {
  changes = glob("docs/**")
  require "mia-or-writers" {}
}
