package replay_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/replay"
)

// workshop is a repository that a test makes with git itself.
type workshop struct {
	t   testing.TB
	dir string
	who string // "Name <email>"
}

func newWorkshop(t testing.TB) *workshop {
	t.Helper()
	w := &workshop{t: t, dir: t.TempDir(), who: "Ana <1+ana@users.noreply.github.com>"}
	w.git("init", "-q", "-b", "main")
	return w
}

func (w *workshop) git(args ...string) string {
	w.t.Helper()
	name, email, _ := strings.Cut(strings.TrimSuffix(w.who, ">"), " <")
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(),
		"GIT_AUTHOR_NAME="+name, "GIT_AUTHOR_EMAIL="+email, "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME="+name, "GIT_COMMITTER_EMAIL="+email, "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (w *workshop) write(path, text string) {
	w.t.Helper()
	full := filepath.Join(w.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// commit takes all that stands in the folder and returns the SHA.
func (w *workshop) commit(message string) string {
	w.t.Helper()
	w.git("add", "-A")
	w.git("commit", "-q", "--allow-empty", "-m", message)
	return w.git("rev-parse", "HEAD")
}

func (w *workshop) open() *replay.Repository {
	w.t.Helper()
	r, err := replay.Open(w.t.Context(), w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *workshop) reader() *replay.Reader {
	w.t.Helper()
	r, err := w.open().Reader(w.t.Context(), replay.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(r.Close)
	return r
}

func TestWhatLooksLikeAnOptionIsARevisionThatDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.write("f", "1")
	w.commit("one")
	repo := w.open()
	for _, rev := range []string{"", "--help", "--git-dir=/", "-h", "--output=x", "nowhere", "main --all", "main\n--all"} {
		if sha, err := repo.Resolve(t.Context(), rev); err == nil {
			t.Errorf("%q resolves to %s", rev, sha)
		} else if !strings.Contains(err.Error(), "names no commit") {
			t.Errorf("%q: %v", rev, err)
		}
	}
	if sha, err := repo.Resolve(t.Context(), "main"); err != nil || len(sha) != 40 {
		t.Errorf("main: %q, %v", sha, err)
	}
}

func TestAFolderWithoutARepositoryAndAShallowCloneAreRefused(t *testing.T) {
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(t.TempDir()))
	if _, err := replay.Open(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := replay.Open(t.Context(), filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a folder that does not exist is opened")
	}
	w := newWorkshop(t)
	w.write("f", "1")
	w.commit("one")
	w.write("f", "2")
	w.commit("two")
	shallow := filepath.Join(t.TempDir(), "shallow")
	w.git("clone", "-q", "--depth=1", "file://"+w.dir, shallow)
	if _, err := replay.Open(t.Context(), shallow); err == nil || !strings.Contains(err.Error(), "hint: git fetch --unshallow") {
		t.Errorf("a shallow clone: %v", err)
	}
}

func TestNothingInTheRepositoryRuns(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.write("a.go", "package a\n")
	base := w.commit("one")
	w.write("a.go", "package a // more\n")
	w.write(".gitattributes", "* diff=evil filter=evil\n")
	head := w.commit("two")

	mark := filepath.Join(t.TempDir(), "ran")
	script := filepath.Join(t.TempDir(), "evil")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntouch "+mark+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external", "diff.evil.command", "diff.evil.textconv",
		"filter.evil.clean", "filter.evil.smudge", "gpg.program", "credential.helper", "uploadpack.packObjectsHook", "core.askPass",
	} {
		w.git("config", key, script)
	}
	w.git("config", "log.showSignature", "true")
	// A partial clone would fetch what is missing by the remote's program.
	w.git("config", "remote.origin.url", "ext::"+script)
	w.git("config", "remote.origin.promisor", "true")
	w.git("config", "remote.origin.uploadpack", script)
	w.git("config", "extensions.partialClone", "origin")
	w.git("config", "core.repositoryFormatVersion", "1")
	w.git("config", "protocol.ext.allow", "always")
	for _, hook := range []string{"post-checkout", "reference-transaction", "post-index-change"} {
		w.write(".git/hooks/"+hook, "#!/bin/sh\ntouch "+mark+"\n")
		if err := os.Chmod(filepath.Join(w.dir, ".git/hooks", hook), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	blob := w.git("rev-parse", "HEAD:a.go")
	if err := os.Remove(filepath.Join(w.dir, ".git/objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}

	r := w.reader()
	pull, err := r.Pull(replay.Change{Base: base, Head: head})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Find(&pull, []string{"go", "files"}); err != nil {
		t.Fatal(err)
	}
	if len(pull.Gaps) == 0 || len(pull.Files) != 2 {
		t.Errorf("with a blob missing: files %v, gaps %v", pull.Files, pull.Gaps)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("something of the repository ran")
	}
}
