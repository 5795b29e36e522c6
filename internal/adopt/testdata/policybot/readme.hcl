# Who reviews what, as policy-bot's policy.yml had it. Approving reviews
# count; comments do not. An approval stands while the files that a rule is
# about stay as they are, where policy-bot's stood for good; sticky = "never"
# is its invalidate_on_push. Nobody is asked for a review where policy-bot
# asked nobody: without ask = "none", rolecall asks by name.
#
# What is different:
# - No rule was about the policy itself, so its keeper is the role "Devtools":
#   choose who keeps it.
# - line 7: Disapproval by members of the organisation "northwind" has no
#   equal: only those block by requesting changes who hold a role that is
#   required.

policy {
  keepers = ["devtools"] # who must approve a change of this file and its tests
  mode    = "enforce"    # "observe" decides and explains, and never blocks
}

role "devtools" {
  title   = "Devtools"
  members = ["@northwind/devtools"]
}

locals {
  only_staging_files_have_changed = length(files) > 0 && length([for f in files : f if !matches(f, "staging/**")]) == 0
}

rule "the devtools team has approved or only staging files have changed" {
  when = !local.only_staging_files_have_changed
  require "devtools" { ask = "none" }
}
