# Who owns what, as CODEOWNERS had it: a file has the owners of the last line
# that matched it, and one of them approves. A renamed file has the owners of
# both its names.
#
# An approval stands while the files that it was given for stay as they are,
# and one by somebody who pushed to the pull request does not count (allow =
# ["contributor"] in a require block makes it count, as it did).

policy {
  keepers = ["platform"] # who must approve a change of this file and its tests
  mode    = "enforce"    # "observe" decides and explains, and never blocks
}

role "platform" {
  title   = "Platform"
  members = ["@acme/platform"]
}

role "writers" {
  title   = "Writers"
  members = ["@acme/writers"]
}

role "cloud" {
  title   = "Cloud"
  members = ["@acme/cloud"]
}

role "cloud-or-security" {
  title   = "Cloud or Security"
  members = ["@acme/cloud", "@acme/security"]
}

rule "platform" {
  changes = [for f in files : f if !matches(f, "docs/**", "terraform/**", "**/*.tf", "**/*.tf/**")]
  require "platform" {}
}

rule "writers" {
  changes = [for f in glob("docs/**") : f if !matches(f, "**/*.tf", "**/*.tf/**", "docs/generated/**")]
  require "writers" {}
}

rule "cloud" {
  changes = [for f in glob("terraform/**", "**/*.tf", "**/*.tf/**") : f if !matches(f, "terraform/iam/**", "docs/generated/**")]
  require "cloud" {}
}

rule "cloud-or-security" {
  changes = glob("terraform/iam/**")
  require "cloud-or-security" {}
}

# Nobody owns these, and nobody is asked for them:
# - line 7: "docs/generated/**"
