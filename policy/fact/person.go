package fact

import "strings"

// Person is an account, or the author of a commit that belongs to none.
type Person struct {
	// Login is in the one form of [Login]; empty for a commit identity
	// without a GitHub account.
	Login string `json:"login,omitempty"`
	// Bot is true for GitHub Apps, machine accounts that GitHub types as Bot,
	// and mannequins.
	Bot bool `json:"bot,omitempty"`
	// Name and Email are kept only where Login is empty.
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Member is an account by its two names: the login, which its owner may change
// and anybody may take then, and the number, which stays. ID is 0 where GitHub
// did not tell it.
type Member struct {
	Login string `json:"login"`
	ID    int64  `json:"id,omitempty"`
}

// Logins are the members' logins, in their order.
func Logins(members []Member) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Login
	}
	return out
}

// Login returns the one form in which logins are compared inside rolecall:
// no "@", lower case, and without the "[bot]" that REST appends and GraphQL
// leaves out.
func Login(s string) string {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "@"))
	return strings.TrimSuffix(s, "[bot]")
}

// Team returns the one form of a team's name, "org/slug", for "@Org/Slug";
// ok is false where s does not name a team.
func Team(s string) (name string, ok bool) {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "@"))
	org, slug, found := strings.Cut(s, "/")
	if !found || org == "" || slug == "" || strings.Contains(slug, "/") {
		return "", false
	}
	return s, true
}
