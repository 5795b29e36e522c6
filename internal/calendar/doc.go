// Package calendar reads iCalendar feeds that say who is on call: it fetches
// them from addresses that a policy names, which makes these as untrusted as
// any user's input, and turns them into shifts.
//
// It must never reach an address inside the network that it runs in unless
// the operator allows it, never take a feed that it does not understand whole,
// and never say who a name in it means: the policy does.
package calendar
