package policy

// The codes of where a role's holders come from. Requirements carry them.
const (
	// HoldersStale: the role's calendar could not be read lately, and its last
	// good copy says who holds it. Role; At is when that was read, Detail why
	// there is no newer one.
	HoldersStale Code = "holders_stale"
	// HolidaysStale: a calendar of the role's holidays could not be read lately.
	// Role; At is when its last good copy was read, zero where there is none,
	// Detail why there is no newer one.
	HolidaysStale Code = "holidays_stale"
)
