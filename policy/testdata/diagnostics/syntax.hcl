policy {
  keepers = ["manager"]

rule "x" {
