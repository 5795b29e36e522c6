policy {
  keepers = ["boss", "dri"]
  mode    = "observ"
  away    = { "ana" = "2026-01-01..2026-01-02", "@bo" = "2026-01-05..2026-01-02", "@cy" = "soon" }
  checks  = { release = "release/*" }
  floor   = true
}

role "manager" {
  members   = ["mia", "@acme/", "@sam", "@sam"]
  otherwise = "cloud"
}

role "cloud" {
  members   = ["@acme/cloud"]
  otherwise = "manager"
}

role "cloud" {}

role "Security Engineer" {}

role "dri" { members = ["@ana"] }

role "calendar" {
  calendar = "http://example.com/x.ics"
  members  = ["@ana"]
}

role "hours" {
  members = [ana]
  hours   = { timezone = "Europe/Nowhere", days = ["monday"], from = "9", to = "18:00" }
}

role "short-hours" {
  members = ["@ana"]
  hours   = { timezone = "UTC", form = "09:00" }
}

role "on-call" {
  rotation {
    start  = "monday"
    length = "1 week"
    order  = ["@acme/cloud"]
  }
}

role "rotation" {
  rotation = "weekly"
}

project "a b" { files = ["x"] }

project "instances" {
  dri    = "@acme/cloud"
  notify = ["support"]
}

rule "policy" {
  require "manager" {}
}

rule "none" {}

rule "groups" {
  sticky = "always"
  any {
    require "manager" { within = "soon" }
  }
  require "manager" { approvals = 0 }
  require "manager" { allow = ["everybody"] }
}

commands {
  assing-dri = ["manager"]
  delegate   = ["nobody"]
}
