package githubtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Ahead is how many commits head has that base has not, as "git rev-list --count
// base..head" tells; both are SHAs.
func (r *Repo) Ahead(base, head string) int {
	defer r.s.lock()()
	return len(r.objects.between(base, head))
}

// Import copies a range of real commits out of a git repository on disk by the
// git binary: what base and head have beside their merge base, the merge base
// itself, and all of their trees. It pushes nothing; [Repo.Push] sets branches
// to what it returns. Commits keep their SHAs, authors and dates, and belong
// to the users that have their addresses (see [User.AddEmail]).
func (r *Repo) Import(dir, base, head string) (baseSHA, headSHA string, err error) {
	git := func(stdin string, args ...string) (string, error) {
		cmd := exec.CommandContext(context.Background(), "git", append([]string{"-C", dir}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
		}
		return strings.TrimSpace(string(out)), nil
	}
	for _, rev := range []struct {
		name string
		sha  *string
	}{{base, &baseSHA}, {head, &headSHA}} {
		if *rev.sha, err = git("", "rev-parse", "--verify", "--end-of-options", rev.name+"^{commit}"); err != nil {
			return "", "", fmt.Errorf("%s has no commit %q: %w", dir, rev.name, err)
		}
	}
	mergeBase, err := git("", "merge-base", baseSHA, headSHA)
	if err != nil {
		return "", "", fmt.Errorf("%q and %q have no commit in common in %s: is it a shallow clone? %w", base, head, dir, err)
	}
	first, err := git("", "rev-list", "--objects", "--no-object-names", "--no-walk", mergeBase)
	if err != nil {
		return "", "", err
	}
	rest, err := git("", "rev-list", "--objects", "--no-object-names", baseSHA, headSHA, "^"+mergeBase)
	if err != nil {
		return "", "", err
	}
	cmd := exec.CommandContext(context.Background(), "git", "-C", dir, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(first + "\n" + rest + "\n")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", "", err
	}
	if err := cmd.Start(); err != nil {
		return "", "", fmt.Errorf("git cat-file: %w", err)
	}
	defer r.s.lock()()
	readErr := r.objects.readBatch(bufio.NewReaderSize(out, 1<<20))
	if _, err := io.Copy(io.Discard, out); err != nil && readErr == nil {
		readErr = fmt.Errorf("read git's objects: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return "", "", fmt.Errorf("git cat-file: %w", err)
	}
	return baseSHA, headSHA, readErr
}

// readBatch reads objects as git cat-file --batch writes them.
func (o *objects) readBatch(in *bufio.Reader) error {
	for {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read git's objects: %w", err)
		}
		fields := strings.Fields(line)
		if len(fields) == 2 { // "" stands for no object at all
			return fmt.Errorf("git has no object %s", fields[0])
		}
		if len(fields) < 3 {
			continue
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil {
			return fmt.Errorf("read git's objects: %q", line)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(in, data); err != nil {
			return fmt.Errorf("read git's objects: %w", err)
		}
		data = data[:size]
		switch sha := fields[0]; fields[1] {
		case "blob":
			o.blobs[sha] = data
		case "tree":
			o.trees[sha] = parseTree(data)
		case "commit":
			if o.commits[sha] == nil {
				c := parseCommit(data)
				c.sha = sha
				o.commits[sha] = c
			}
		}
	}
}

func parseTree(data []byte) []entry {
	var out []entry
	for len(data) > 0 {
		space, zero := bytes.IndexByte(data, ' '), bytes.IndexByte(data, 0)
		if space < 0 || zero < space || len(data) < zero+21 {
			return out
		}
		mode := string(data[:space])
		if len(mode) == 5 {
			mode = "0" + mode
		}
		out = append(out, entry{name: string(data[space+1 : zero]), mode: mode, sha: hex.EncodeToString(data[zero+1 : zero+21])})
		data = data[zero+21:]
	}
	return out
}

func parseCommit(data []byte) *commit {
	head, message, _ := strings.Cut(string(data), "\n\n")
	c := &commit{message: message}
	for _, line := range strings.Split(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = parseSignature(value)
		case "committer":
			c.committer = parseSignature(value)
		}
	}
	c.pushed = c.committer.at
	return c
}

// parseSignature reads "NAME <EMAIL> SECONDS ZONE".
func parseSignature(text string) signature {
	open, end := strings.LastIndex(text, " <"), strings.LastIndex(text, "> ")
	if open < 0 || end < open {
		return signature{name: text}
	}
	s := signature{name: text[:open], email: text[open+2 : end]}
	seconds, zone, _ := strings.Cut(text[end+2:], " ")
	if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
		s.at = time.Unix(n, 0).UTC()
		if z, err := time.Parse("-0700", zone); err == nil {
			s.at = s.at.In(z.Location())
		}
	}
	return s
}
