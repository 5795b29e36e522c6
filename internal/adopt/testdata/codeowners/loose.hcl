# Who owns what, as CODEOWNERS had it: a file has the owners of the last line
# that matched it, and one of them approves. A renamed file has the owners of
# both its names.
#
# An approval stands while the files that it was given for stay as they are,
# and one by somebody who pushed to the pull request does not count (allow =
# ["contributor"] in a require block makes it count, as it did).
#
# What is different:
# - Nobody owned .github/rolecall.hcl, so that Backend, who own most lines,
#   keep this policy: choose who does.
# - line 2: "[Backend][2] @acme/backend" was left out, as GitHub leaves it
#   out: sections are another host's.
# - line 3: "^[Optional]" was left out, as GitHub leaves it out: sections are
#   another host's.
# - line 5: "/src/app/[id]/ @acme/web" was left out, as GitHub leaves it out:
#   a pattern has no [ ] on GitHub.
# - line 8: jo@acme.io is an email address, and rolecall knows people by
#   login: put their login into the role.
# - line 9: "!/src/legacy/keep/ @acme/backend" was left out, as GitHub leaves
#   it out: a pattern cannot be negated.
# - line 10: "/x//y" matches no file, and was left out.

policy {
  keepers = ["backend"] # who must approve a change of this file and its tests
  mode    = "enforce"   # "observe" decides and explains, and never blocks
}

role "backend" {
  title   = "Backend"
  members = ["@acme/backend"]
}

role "gen" {
  title   = "Gen"
  members = ["@acme/gen"]
}

# Put the login of jo@acme.io here: members = ["@login"].
role "jo-acme-io" {
  title     = "jo@acme.io"
  otherwise = "backend" # until somebody is named here
}

role "ops" {
  title   = "Ops"
  members = ["@acme/ops"]
}

rule "backend" {
  changes = [for f in glob("src/**") : f if !matches(f,
    "src/~gen\\,x/**/*",
    "src/**/testdata/**/*",
    "src/legacy/**",
    "**/config.yml", "**/config.yml/**",
  )]
  require "backend" {}
}

rule "gen" {
  changes = [for f in glob("src/~gen\\,x/**/*") : f if !matches(f, "src/**/testdata/**/*", "**/config.yml", "**/config.yml/**")]
  require "gen" {}
}

rule "jo-acme-io" {
  changes = [for f in glob("src/legacy/**") : f if !matches(f, "**/config.yml", "**/config.yml/**")]
  require "jo-acme-io" {}
}

rule "ops" {
  changes = glob("**/config.yml", "**/config.yml/**")
  require "ops" {}
}

# Nobody owns these, and nobody is asked for them:
# - line 7: "src/**/testdata/**/*"

# Files that no line was about need no review, as before. To have them read:
# rule "everything else" {
#   changes = uncovered.files
#   require "ROLE" {}
# }
