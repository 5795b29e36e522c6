package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// looksSecret are the forms of what nobody is to see: tokens of both formats,
// signed claims, private keys. It finds what a command's own GitHub gave out,
// too.
var looksSecret = regexp.MustCompile(`gh[pousr]_[A-Za-z0-9]{20,}|ghs_[0-9]+_[A-Za-z0-9_.-]{20,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY`)

// looked runs scripts, keeps all that their commands wrote, and ends each by
// looking for secrets in it.
type looked struct{ *testing.T }

func (l looked) Run(name string, f func(testscript.T)) {
	l.T.Run(name, func(t *testing.T) {
		s := &script{T: t}
		t.Cleanup(s.keptSecrets)
		f(s)
	})
}

// Verbose: nothing of what the commands wrote is left out of the log.
func (looked) Verbose() bool { return true }

// script is one of them.
type script struct {
	*testing.T
	log strings.Builder
}

func (s *script) Run(string, func(testscript.T)) { panic("a script has no parts") }

func (*script) Verbose() bool { return true }

// Log is shown where the script fails.
func (s *script) Log(args ...any) {
	fmt.Fprintln(&s.log, args...)
	s.T.Helper()
	s.T.Log(args...)
}

func (s *script) keptSecrets() {
	text := s.log.String()
	if found := looksSecret.FindString(text); found != "" {
		s.Errorf("a command wrote what looks like a secret: %.12s…", found)
	}
	known, ok := scripted.Load(filepath.Base(s.Name()))
	if !ok {
		return
	}
	secrets := secretsOf(known.(*githubtest.Server))
	if len(secrets) < 5 {
		s.Errorf("only %d secrets were used: nothing is looked for", len(secrets))
	}
	for _, what := range leaks(text, secrets) {
		s.Errorf("a command wrote %s", what)
	}
}

// What ends every script must be able to fail.
func TestASecretThatACommandWritesIsFound(t *testing.T) {
	t.Parallel()
	gh := githubtest.New(t, githubtest.Options{})
	for _, secret := range []string{
		gh.User("ana").Token(), string(gh.App().PrivateKeyPEM()),
		"ghs_" + strings.Repeat("a1", 18), "ghs_12_eyJhbGciOiJSUzI1NiJ9.eyJpYXQiOjE3MDAwMDAwMDB9." + strings.Repeat("b2", 200), "Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c3",
	} {
		if !looksSecret.MatchString("error: " + secret) {
			t.Errorf("%.8s… does not look like a secret", secret)
		}
	}
	for _, harmless := range []string{strings.Repeat("0a", 20), "ghs_TOKEN", "the token is missing"} {
		if looksSecret.MatchString(harmless) {
			t.Errorf("%s looks like a secret", harmless)
		}
	}
}
