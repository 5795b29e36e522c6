package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// tokenLife is how long an installation's token works.
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
const tokenLife = time.Hour

func unauthorized(message string) {
	panic(refusal{status: 401, body: object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": "401"}})
}

// authenticate finds who calls. A call without credentials is nobody's, and
// is refused by permit where that will not do.
func (s *Server) authenticate(r *request) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s.credentials[value] = true
	if !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token") {
		if scheme != "" {
			unauthorized("Bad credentials")
		}
		r.c = &caller{}
		return
	}
	if u := s.usersByToken[value]; u != nil {
		r.c = &caller{user: u}
		return
	}
	if t := s.tokens[value]; t != nil {
		if !s.tokenNow().Before(t.expires) || t.installation.deleted {
			delete(s.tokens, value)
			unauthorized("Bad credentials")
		}
		if t.installation.suspended {
			refuse(403, "This installation has been suspended")
		}
		r.c = &caller{app: t.installation.app, installation: t.installation, token: t, user: t.installation.app.user}
		return
	}
	if strings.Count(value, ".") == 2 {
		r.c = &caller{app: s.jwtApp(value)}
		return
	}
	unauthorized("Bad credentials")
}

// Credentials are all tokens and signed claims that calls brought so far.
func (s *Server) Credentials() []string {
	defer s.lock()()
	return slices.Sorted(maps.Keys(s.credentials))
}

// jwtApp verifies an App's own token: RS256 by its key, issued by its ID, not
// expired and for at most ten minutes.
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
func (s *Server) jwtApp(value string) *App {
	var claims jwt.RegisteredClaims
	var app *App
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(value, &claims, func(*jwt.Token) (any, error) {
		for _, a := range s.apps {
			if strconv.FormatInt(a.id, 10) == claims.Issuer {
				app = a
				return &a.key.PublicKey, nil
			}
		}
		return nil, fmt.Errorf("no App %q", claims.Issuer)
	})
	if err != nil || app == nil {
		unauthorized("A JSON web token could not be decoded")
	}
	// Clients make these tokens by the real clock, whatever the fake's says.
	why := jwtFault(claims, time.Now())
	if why != "" {
		why = jwtFault(claims, s.now())
	}
	if why != "" {
		unauthorized(why)
	}
	return app
}

func jwtFault(claims jwt.RegisteredClaims, now time.Time) string {
	switch {
	case claims.ExpiresAt == nil || !claims.ExpiresAt.After(now):
		return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
	case claims.ExpiresAt.Sub(now) > 10*time.Minute+time.Second:
		return "'Expiration time' claim ('exp') is too far in the future"
	case claims.IssuedAt == nil || claims.IssuedAt.After(now.Add(time.Minute)):
		return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	}
	return ""
}

// permit refuses a caller who may not call the operation at all: 401 without
// the right kind of credentials, 404 for what the caller cannot see, 403 for
// what an installation was not granted.
func (op *operation) permit(r *request) {
	c := r.c
	if op.auth == asApp {
		if c.app == nil || c.installation != nil {
			unauthorized("A JSON web token could not be decoded")
		}
		return
	}
	if c.app != nil && c.installation == nil && op.auth != asAny {
		refuse(403, "This endpoint requires you to be authenticated as an installation")
	}
	if c.app == nil && c.user == nil && op.auth != asAny {
		unauthorized("Requires authentication")
	}
	if op.auth == asInstallation && c.installation == nil {
		refuse(403, "You must authenticate with an installation access token in order to list repositories for an installation.")
	}
	write := op.level == "write"
	if r.PathValue("owner") != "" && op.auth == asToken {
		repo := r.repo()
		if c.installation != nil && !c.covers(repo) && write {
			forbidden()
		}
	}
	if c.installation == nil || len(op.permissions) == 0 {
		return
	}
	for _, p := range op.permissions {
		if c.may(p, op.level) {
			return
		}
	}
	r.header.Set("X-Accepted-GitHub-Permissions", op.permissions[0]+"="+op.level)
	if r.Method == http.MethodGet && r.PathValue("owner") == "" && r.PathValue("org") == "" {
		return
	}
	forbidden()
}

// repo finds the repository that the path names; what the caller cannot see
// is not found.
func (r *request) repo() *Repo {
	repo := r.s.repoNamed(r.PathValue("owner"), r.PathValue("repo"))
	if repo == nil || !r.c.sees(repo) {
		notFound()
	}
	return repo
}

// orgByPath finds the organisation that the path names. An installation sees
// the members and teams of its own account only.
func (r *request) orgByPath() *Org {
	o := r.s.orgs[strings.ToLower(r.PathValue("org"))]
	if o == nil {
		notFound()
	}
	return o
}
