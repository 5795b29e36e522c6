package gather

import (
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// another reports whether a team's member bears a login that is another
// account's by now, as who said something here shows: whoever gives up a login
// leaves it to anybody, and GitHub tells nobody of it.
// https://docs.github.com/en/account-and-profile/concepts/username-changes
func (r *reading) another(m fact.Member) bool {
	now, spoke := r.facts.Accounts[m.Login]
	return spoke && m.ID != 0 && now != m.ID
}

// renamed reports whether a team's member has another login by now.
func (r *reading) renamed(m fact.Member) bool {
	for login, account := range r.facts.Accounts {
		if account == m.ID && login != m.Login {
			return true
		}
	}
	return false
}

// rename gives a push the login that its account has now, where that is known.
func (r *reading) rename(p *store.Push) {
	if p.Account == 0 {
		return
	}
	for login, account := range r.facts.Accounts {
		if account == p.Account {
			p.By.Login = login
		}
	}
}
