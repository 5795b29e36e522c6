package gather

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy/fact"
)

// maxAsked bounds whose permissions are read: on a public repository anybody
// may comment. Those beyond it are judged by how GitHub says they stand.
const maxAsked = 10

// permissions reads what those may do in the repository who gave a command
// that takes access and who, by how GitHub says that they stand, have none: it
// shows concealed members as outsiders. The first who gave one come first.
func (r *reading) permissions(ctx context.Context) (map[string]string, error) {
	standing := make(map[int64]string, len(r.out.Pull.Comments))
	for _, c := range r.out.Pull.Comments {
		standing[c.ID] = c.Access
	}
	var logins []string
	for _, c := range r.out.Pull.Commands {
		login := fact.Login(c.By.Login)
		if login != "" && !insider(standing[c.Comment]) && c.Problem == "" && !c.Edited && r.out.Policy.TakesWrite(c.Name) && !slices.Contains(logins, login) && len(logins) < maxAsked {
			logins = append(logins, login)
		}
	}
	if len(logins) == 0 {
		return nil, nil
	}
	out := make(map[string]string, len(logins))
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for _, login := range logins {
		wg.Go(func() {
			level, err := r.client.Permission(ctx, r.ref.Owner, r.ref.Repo, login)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				out[login] = level
			case github.Refusal(err) == "":
				failed = append(failed, fmt.Errorf("permission of %s: %w", login, err))
			}
		})
	}
	wg.Wait()
	if len(failed) > 0 {
		return nil, first(failed)
	}
	return out, nil
}
