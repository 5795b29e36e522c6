policy { keepers = ["manager"] }
rule "x" {
  when = !!!!!!!!!!!!true
}
