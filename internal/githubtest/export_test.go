package githubtest

// TokenFor is a token of the App's installation on an account, for tests that
// speak to the fake without an App's client.
func (s *Server) TokenFor(login string) string {
	defer s.lock()()
	i := s.installationOn(s.app, login)
	t := &token{value: "ghs_" + login, installation: i, permissions: map[string]string{}, expires: s.now().Add(tokenLife)}
	for p, level := range i.permissions {
		t.permissions[p] = level
	}
	s.tokens[t.value] = t
	return t.value
}
