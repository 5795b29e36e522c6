package policy

// EachRole visits every role requirement of the rules in force, each before
// its children, advice included.
func (d Decision) EachRole(visit func(RuleResult, Requirement)) {
	var walk func(RuleResult, []Requirement)
	walk = func(rule RuleResult, rs []Requirement) {
		for _, r := range rs {
			if r.Kind == KindRole {
				visit(rule, r)
			}
			walk(rule, r.Children)
		}
	}
	for _, rule := range d.Rules {
		if rule.InForce {
			walk(rule, rule.Require)
		}
	}
}
