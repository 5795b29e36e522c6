# Who owns what, as CODEOWNERS had it: a file has the owners of the last line
# that matched it, and one of them approves. A renamed file has the owners of
# both its names.
#
# An approval stands while the files that it was given for stay as they are,
# and one by somebody who pushed to the pull request does not count (allow =
# ["contributor"] in a require block makes it count, as it did).
#
# What is different:
# - line 29: lena@northwind.io is an email address, and rolecall knows people
#   by login: put their login into the role.

policy {
  keepers = ["build-or-security"] # who must approve a change of this file and its tests
  mode    = "enforce"             # "observe" decides and explains, and never blocks
}

role "engineering-leads" {
  title   = "Engineering Leads"
  members = ["@northwind/engineering-leads"]
}

role "build" {
  title   = "Build"
  members = ["@northwind/build"]
}

role "build-or-security" {
  title   = "Build or Security"
  members = ["@northwind/build", "@northwind/security"]
}

role "backend" {
  title   = "Backend"
  members = ["@northwind/backend"]
}

role "billing" {
  title   = "Billing"
  members = ["@northwind/billing"]
}

role "api-council-or-billing" {
  title   = "Billing or Api Council"
  members = ["@northwind/billing", "@northwind/api-council"]
}

role "billing-or-dba" {
  title   = "Billing or Dba"
  members = ["@northwind/billing", "@northwind/dba"]
}

role "search" {
  title   = "Search"
  members = ["@northwind/search"]
}

role "api-council" {
  title   = "Api Council"
  members = ["@northwind/api-council"]
}

role "frontend" {
  title   = "Frontend"
  members = ["@northwind/frontend"]
}

role "frontend-or-supply-chain" {
  title   = "Frontend or Supply Chain"
  members = ["@northwind/frontend", "@northwind/supply-chain"]
}

role "design-or-frontend" {
  title   = "Design or Frontend"
  members = ["@northwind/design", "@Northwind/Frontend"]
}

role "i18n" {
  title   = "I18n"
  members = ["@northwind/i18n"]
}

role "sre" {
  title   = "Sre"
  members = ["@northwind/sre"]
}

role "security-or-sre" {
  title   = "Sre or Security"
  members = ["@northwind/sre", "@northwind/security"]
}

role "docs" {
  title   = "Docs"
  members = ["@northwind/docs"]
}

role "pia" {
  title   = "@pia"
  members = ["@pia"]
}

role "legal" {
  title   = "Legal"
  members = ["@northwind/legal"]
}

locals {
  # Files that none of these lines takes, wherever they are.
  unclaimed = [for f in files : f if !matches(f,
    "**/*.css", "**/*.css/**",
    "**/terraform/**/*",
    "**/*.tf", "**/*.tf/**",
    "**/Release Notes.txt", "**/Release Notes.txt/**",
  )]
}

rule "engineering-leads" {
  changes = [for f in files : f if !matches(f,
    "build/**",
    ".github/**",
    "**/Makefile", "**/Makefile/**",
    "**/*.bzl", "**/*.bzl/**",
    "**/WORKSPACE", "**/WORKSPACE/**",
    "services/**",
    "web/**",
    "**/*.css", "**/*.css/**",
    "**/terraform/**/*",
    "**/*.tf", "**/*.tf/**",
    "docs/*",
    "docs/internal/**",
    "LICENSE", "LICENSE/**",
    "**/Release Notes.txt", "**/Release Notes.txt/**",
  )]
  require "engineering-leads" {}
}

rule "build" {
  changes = [for f in glob(
    # Build
    "build/**",
    "**/Makefile", "**/Makefile/**",
    "**/*.bzl", "**/*.bzl/**",
    "**/WORKSPACE", "**/WORKSPACE/**",
    ) : f if !matches(f,
    "services/**",
    "web/**",
    "**/*.css", "**/*.css/**",
    "**/terraform/**/*",
    "**/*.tf", "**/*.tf/**",
    "docs/*",
    "docs/internal/**",
    "LICENSE", "LICENSE/**",
    "**/Release Notes.txt", "**/Release Notes.txt/**",
  )]
  require "build" {}
}

rule "build-or-security" {
  changes = [for f in local.unclaimed : f if matches(f, ".github/**") && !matches(f,
    "**/Makefile", "**/Makefile/**",
    "**/*.bzl", "**/*.bzl/**",
    "**/WORKSPACE", "**/WORKSPACE/**",
  )]
  require "build-or-security" {}
}

rule "backend" {
  changes = [for f in local.unclaimed : f if matches(f,
    # Services
    "services/**",
    ) && !matches(f,
    "services/billing/**",
    "services/search/**",
    "services/*/openapi.yaml", "services/*/openapi.yaml/**",
    "services/*/README.md", "services/*/README.md/**",
  )]
  require "backend" {}
}

rule "billing" {
  changes = [for f in local.unclaimed : f if matches(f, "services/billing/**") && !matches(f,
    "services/billing/api", "services/billing/api/**",
    "services/billing/**/*.sql", "services/billing/**/*.sql/**",
    "services/*/openapi.yaml", "services/*/openapi.yaml/**",
    "services/*/README.md", "services/*/README.md/**",
  )]
  require "billing" {}
}

rule "api-council-or-billing" {
  changes = [for f in local.unclaimed : f if matches(f,
    "services/billing/api", "services/billing/api/**", # public contract
  ) && !matches(f, "services/billing/**/*.sql", "services/billing/**/*.sql/**")]
  require "api-council-or-billing" {}
}

rule "billing-or-dba" {
  changes = [for f in local.unclaimed : f if matches(f, "services/billing/**/*.sql", "services/billing/**/*.sql/**") && !matches(f,
    "services/*/openapi.yaml", "services/*/openapi.yaml/**",
    "services/*/README.md", "services/*/README.md/**",
  )]
  require "billing-or-dba" {}
}

rule "search" {
  changes = [for f in local.unclaimed : f if matches(f, "services/search/**") && !matches(f,
    "services/*/openapi.yaml", "services/*/openapi.yaml/**",
    "services/*/README.md", "services/*/README.md/**",
  )]
  require "search" {}
}

rule "api-council" {
  changes = [for f in local.unclaimed : f if matches(f, "services/*/openapi.yaml", "services/*/openapi.yaml/**")]
  require "api-council" {}
}

rule "frontend" {
  changes = [for f in glob(
    # Web
    "web/**",
    ) : f if !matches(f,
    "web/packages/*/package.json", "web/packages/*/package.json/**",
    "web/**/__generated__/**/*",
    "**/*.css", "**/*.css/**",
    "web/locales/**",
    "**/terraform/**/*",
    "**/*.tf", "**/*.tf/**",
    "**/Release Notes.txt", "**/Release Notes.txt/**",
  )]
  require "frontend" {}
}

rule "frontend-or-supply-chain" {
  changes = [for f in local.unclaimed : f if matches(f, "web/packages/*/package.json", "web/packages/*/package.json/**") && !matches(f, "web/**/__generated__/**/*")]
  require "frontend-or-supply-chain" {}
}

rule "design-or-frontend" {
  changes = [for f in glob("**/*.css", "**/*.css/**") : f if !matches(f,
    "web/locales/**",
    "**/terraform/**/*",
    "**/*.tf", "**/*.tf/**",
    "docs/*",
    "docs/internal/**",
    "LICENSE", "LICENSE/**",
    "**/Release Notes.txt", "**/Release Notes.txt/**",
  )]
  require "design-or-frontend" {}
}

rule "i18n" {
  changes = [for f in glob("web/locales/**") : f if !matches(f,
    "**/terraform/**/*",
    "**/*.tf", "**/*.tf/**",
    "**/Release Notes.txt", "**/Release Notes.txt/**",
  )]
  require "i18n" {}
}

rule "sre" {
  changes = concat(
    [for f in glob(
      # Infrastructure
      "**/terraform/**/*",
      ) : f if !matches(f,
      "terraform/modules/network/**",
      "docs/internal/**",
      "LICENSE", "LICENSE/**",
      "**/Release Notes.txt", "**/Release Notes.txt/**",
    )],
    [for f in glob("**/*.tf", "**/*.tf/**") : f if !matches(f,
      "docs/*",
      "docs/internal/**",
      "LICENSE", "LICENSE/**",
      "**/Release Notes.txt", "**/Release Notes.txt/**",
    )],
  )
  require "sre" {}
}

rule "security-or-sre" {
  changes = [for f in glob("terraform/modules/network/**") : f if !matches(f,
    "**/*.tf", "**/*.tf/**",
    "**/Release Notes.txt", "**/Release Notes.txt/**",
  )]
  require "security-or-sre" {}
}

rule "docs" {
  changes = glob(
    # Documents
    "docs/*",
    "**/Release Notes.txt", "**/Release Notes.txt/**",
  )
  require "docs" {}
}

rule "pia" {
  changes = [for f in glob("docs/internal/**") : f if !matches(f, "**/Release Notes.txt", "**/Release Notes.txt/**")]
  require "pia" {}
}

rule "legal" {
  changes = [for f in glob("LICENSE", "LICENSE/**") : f if !matches(f, "**/Release Notes.txt", "**/Release Notes.txt/**")]
  require "legal" {}
}

# Nobody owns these, and nobody is asked for them:
# - line 22: "services/*/README.md", "services/*/README.md/**"
# - line 27: "web/**/__generated__/**/*"
