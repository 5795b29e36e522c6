policy { keepers = ["a"] }
locals { x = "%{ if true }a%{ endif }" }
