package audit

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
)

// Replay decides again from what was kept: the facts and the policies of that
// time. Differs is "" where the outcome is the same to the byte, and says what
// is not otherwise.
func Replay(d store.Decision) (again policy.Decision, differs string, err error) {
	if d.Retired {
		return policy.Decision{}, "", fmt.Errorf("the facts of decision %d on %s are no longer kept", d.Generation, d.Ref)
	}
	loaded, _ := policy.Load(d.Floor, d.Own)
	switch {
	case d.Decision.Status == policy.Broken && len(d.Decision.Diagnostics) > 0 && (loaded == nil || d.Floor == nil && d.Own == nil):
		// What could not be read then cannot be read again; that it decides
		// so is all there is to see.
		again = policy.BrokenDecision(d.Pull, d.Decision.Check, d.Decision.Policy, d.Decision.Diagnostics).Propose(d.Decision.Proposal)
	case loaded == nil:
		return policy.Decision{}, "the policy does not load any more", nil
	default:
		again = loaded.Evaluate(d.Pull).Propose(d.Decision.Proposal)
	}
	was, err := json.Marshal(d.Decision)
	if err != nil {
		return again, "", err
	}
	now, err := json.Marshal(again)
	if err != nil {
		return again, "", err
	}
	if bytes.Equal(was, now) {
		return again, "", nil
	}
	n := 0
	for n < len(was) && n < len(now) && was[n] == now[n] {
		n++
	}
	from := max(0, n-40)
	return again, fmt.Sprintf("then …%.120s\n now …%.120s", was[from:], now[from:]), nil
}
