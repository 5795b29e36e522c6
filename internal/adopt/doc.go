// Package adopt turns the configuration of other review tools into a policy of
// equal meaning: GitHub's CODEOWNERS and policy-bot's policy.yml. Text goes in,
// text and notes come out.
//
// It must never make less review necessary than the original did without
// saying so: what has no equal becomes the case that needs more review, and
// both the policy and the notes say what was done.
package adopt
