// Package webhook receives GitHub's deliveries: it verifies them, tells
// whether they can change any outcome, and stores those that can together with
// the wish to look again, in one transaction, before it answers.
//
// It must never trust an unsigned byte, never call GitHub, and never answer
// 2xx to a delivery that could matter before that is durable.
package webhook
