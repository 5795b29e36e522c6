package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// outward are the rooms and files that may reach the network, and what each
// reaches.
// Whatever else rolecall wants to know, it asks one of these.
var outward = map[string]string{
	"internal/github":   "GitHub",
	"internal/calendar": "calendars",
	"internal/store":    "the database",
	"internal/queue":    "the database, by the store's connection",
	// Beside the product:
	"internal/githubtest":         "the App under test: it is the fake GitHub",
	"internal/store/storetest":    "the tests' database",
	"cmd/rolecall/fake_github.go": "the App under test",
	"cmd/rolecall/measure.go":     "the server that is measured",
}

// reaches are the names by which Go reaches out, by the package they are of;
// an empty list means that the package as a whole does.
var reaches = map[string][]string{
	"net/http":                               {"Get", "Head", "Post", "PostForm", "Client", "Transport", "DefaultClient", "DefaultTransport"},
	"net":                                    {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "DialIP", "Dialer", "LookupHost", "LookupAddr", "LookupIP", "LookupTXT", "Resolver", "DefaultResolver"},
	"crypto/tls":                             {"Dial", "DialWithDialer", "Dialer", "Client"},
	"net/smtp":                               {},
	"net/rpc":                                {},
	"golang.org/x/oauth2":                    {},
	"github.com/jackc/pgx/v5":                {},
	"github.com/jackc/pgx/v5/pgxpool":        {},
	"github.com/google/go-github/v60/github": {},
	"github.com/bradleyfalzon/ghinstallation/v2": {},
}

// prefix is what the paths of rolecall's own packages begin with.
const prefix = "github.com/rolecall/rolecall/"

// sources are rolecall's own files, tests left out, by their paths.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles", prefix+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files := map[string]*ast.File{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			ImportPath, Dir string
			GoFiles         []string
		}
		if err := dec.Decode(&pkg); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(pkg.ImportPath, prefix)
		for _, name := range pkg.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files[room+"/"+name] = f
		}
	}
	if len(files) < 100 {
		t.Fatalf("only %d files were found", len(files))
	}
	return files
}

// imports maps a file's names of packages to their paths.
func imports(f *ast.File) map[string]string {
	out := map[string]string{}
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // it would not compile
		}
		name := path[strings.LastIndex(path, "/")+1:] // good enough for those of reaches
		if i.Name != nil {
			name = i.Name.Name
		}
		out[name] = path
	}
	return out
}

// outgoing lists how a file reaches the network.
func outgoing(f *ast.File) (found []string) {
	names := imports(f)
	for _, path := range names {
		if list, ok := reaches[path]; ok && len(list) == 0 {
			found = append(found, path)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(reaches[names[x.Name]], s.Sel.Name) {
				found = append(found, x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return found
}

// No room but these makes a client or dials: what rolecall talks to is GitHub,
// the configured calendars and the database.
func TestOnlyTheseRoomsReachTheNetwork(t *testing.T) {
	t.Parallel()
	reached := map[string]bool{}
	for file, f := range sources(t) {
		room := path.Dir(file)
		for _, how := range outgoing(f) {
			reached[room] = true
			if outward[room] == "" && outward[file] == "" {
				t.Errorf("%s reaches the network by %s; only these may: %v", file, how, outward)
			}
		}
	}
	for _, room := range []string{"internal/github", "internal/calendar", "internal/store"} {
		if !reached[room] {
			t.Errorf("%s reaches nothing: the search finds nothing", room)
		}
	}
}

// Every client and every server has its time-outs.
func TestTimeOutsOnEverySide(t *testing.T) {
	t.Parallel()
	needed := map[string][]string{
		"Client": {"Timeout"},
		"Server": {"ReadHeaderTimeout", "ReadTimeout", "WriteTimeout", "IdleTimeout"},
	}
	// What bounds its time otherwise, by room and kind, and how often.
	otherwise := map[string]int{
		"internal/github Client":     1, // each call has a context with a deadline, its retries included
		"internal/githubtest Server": 1, // the fake waits as long as a test does
	}
	seen := 0
	for file, f := range sources(t) {
		room := path.Dir(file)
		names := imports(f)
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			s, ok := lit.Type.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := s.X.(*ast.Ident)
			if !ok || names[x.Name] != "net/http" || needed[s.Sel.Name] == nil {
				return true
			}
			seen++
			var set []string
			for _, e := range lit.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					set = append(set, fmt.Sprint(kv.Key))
				}
			}
			for _, field := range needed[s.Sel.Name] {
				if slices.Contains(set, field) {
					continue
				}
				if otherwise[room+" "+s.Sel.Name]--; otherwise[room+" "+s.Sel.Name] < 0 {
					t.Errorf("an http.%s of %s has no %s", s.Sel.Name, room, field)
				}
				break
			}
			return true
		})
	}
	if seen < 4 {
		t.Errorf("only %d clients and servers were found", seen)
	}
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	h := w.server.http
	for what, d := range map[string]time.Duration{"headers": h.ReadHeaderTimeout, "a request": h.ReadTimeout, "an answer": h.WriteTimeout, "idle connections": h.IdleTimeout} {
		if d <= 0 || d > 2*time.Minute {
			t.Errorf("the server waits %v for %s", d, what)
		}
	}
}

// rolecall serves as nobody, with nothing to write to but --data.
func TestItServesAsNobodyAndWritesToItsDataAlone(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a file system read-only and give its rights away")
	}
	root := t.TempDir()
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil { //nolint:gosec // nobody must get to the binary
		t.Fatal(err)
	}
	data := filepath.Join(root, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	if err := os.Chown(data, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	from, err := exec.LookPath("rolecall")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(root, "rolecall")
	if err := os.Link(from, binary); err != nil {
		t.Skipf("nobody can run the binary: %v", err)
	}
	const confine = `mount --make-rprivate / && mount --bind "$DATA" "$DATA" && mount -o remount,bind,ro / || exit 77
if touch "$DATA/../elsewhere" 2>/dev/null; then exit 78; fi
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "$@"`
	confined := func(args ...string) *exec.Cmd {
		cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", confine, "sh"}, args...)...)
		cmd.Env = append(os.Environ(), "DATA="+data)
		return cmd
	}
	if out, err := confined(binary, "version").CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody be confined so: %v: %s", err, out)
	}

	w := quietWorld(t, "", policyText, githubtest.Options{})
	w.wrap = func(cmd *exec.Cmd) {
		c := confined(append([]string{binary}, cmd.Args[1:]...)...)
		cmd.Path, cmd.Args, cmd.Env, cmd.Err = c.Path, c.Args, append(cmd.Env, "DATA="+data), nil
	}
	addr := freeAddr(t)
	w.gh.App().DeliverTo("http://" + addr + "/webhook")
	w.database = "sqlite:" + filepath.Join(data, "rolecall.db") // where --data puts it
	p := w.launch(addr, "--data", data)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nUid:\t65534\t65534\t65534\t65534\n", "\nNoNewPrivs:\t1\n", "\nCapEff:\t0000000000000000\n"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("the process has other rights; want %q in\n%s", want, status)
		}
	}
	pr := w.open("dan", githubtest.Files{"main.go": goBefore})
	within(t, 20*time.Second, "the check", func() bool { return state(pr) == "in_progress" })
	pr.Approve("ana")
	within(t, 20*time.Second, "the approval", func() bool { return state(pr) == "success" })
	if files, err := os.ReadDir(data); err != nil || len(files) == 0 {
		t.Errorf("it wrote nothing to its data: %v %v", files, err)
	}
}
