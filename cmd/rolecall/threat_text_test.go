package main

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// page renders Markdown as GitHub does, and lets raw HTML through, which is the
// worst that a page could do with it.
var page = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))

var (
	tag       = regexp.MustCompile(`</?([a-zA-Z][a-zA-Z0-9]*)[^>]*>`)
	quoted    = regexp.MustCompile(`(?s)<code>.*?</code>|<pre>.*?</pre>|<[^>]*>`)
	mentioned = regexp.MustCompile(`@[A-Za-z0-9]`)
	// structure is what rolecall's own words are made of.
	structure = strings.Fields("p ul ol li code pre table thead tbody tr th td h2 h3 strong em blockquote details summary br hr")
)

// alive returns what in the Markdown is more than words: tags that are none of
// rolecall's, and mentions that would call somebody.
func alive(t *testing.T, markdown string) (found []string) {
	t.Helper()
	var b bytes.Buffer
	if err := page.Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	for _, m := range tag.FindAllStringSubmatch(b.String(), -1) {
		if !slices.Contains(structure, strings.ToLower(m[1])) {
			found = append(found, m[0])
		}
	}
	if m := mentioned.FindString(quoted.ReplaceAllString(b.String(), " ")); m != "" {
		found = append(found, m)
	}
	return found
}

const hostile = "x`y [z](http://evil.example) ![i](http://evil.example/i.png) <img src=x onerror=alert(1)> <script>alert(1)</script> @acme/cloud | a | b |"

// hostilePull is a pull request of which everything that people can choose wants
// to be more than text, and the path of the file that does.
func hostilePull(t *testing.T) (w *world, pr *githubtest.Pull, path string) {
	t.Helper()
	text := strings.ReplaceAll(policyText, `title   = "Cloud Engineer"`, `title   = "Cloud <b>Engineer</b> [x](http://evil.example) @acme/cloud"`) + `
rule "more" {
  description = "` + strings.ReplaceAll(hostile, `"`, "") + `"
  when        = pull.title != ""
  require "cloud-engineer" {}
}
`
	w = newWorld(t, storetest.SQLite(t), text, githubtest.Options{})
	path = "instances/" + strings.NewReplacer("/", "_", "|", "_").Replace(hostile) + ".tf"
	pr = w.repo.Open(githubtest.PullRequest{
		Author: "dan", Title: hostile, Body: hostile,
		Files: githubtest.Files{path: "resource \"google_project\" \"p\" {\n  " + hostile + "\n}\n", "ok/main.tf": newProject, "main.go": goBefore},
	})
	pr.Label("eve", "<b>@acme</b>")
	pr.Comment("eve", "/needs-security "+hostile)
	pr.Comment("dan", "/assign-dri @dan [x](http://evil.example)<img/src=x>")
	pr.Comment("eve", "/delegate "+hostile)
	pr.Comment("eve", "/help")
	pr.Review("bo", "request_changes", hostile)
	pr.PostStatus("dan", "rolecall: main", "success")
	w.settle()
	return w, pr, path
}

// Text from outside, in every place from which rolecall writes it, stays text.
func TestThreat19TextFromOutsideStaysText(t *testing.T) {
	t.Parallel()
	w, pr, path := hostilePull(t)
	c := pr.Check("rolecall: main")
	written := map[string]string{"the check's summary": c.Summary, "its text": c.Text, "its title": c.Title}
	for _, a := range c.Annotations {
		written["an annotation"] += a.Title + "\n\n" + a.Message + "\n\n"
	}
	for _, comment := range pr.Comments() {
		if comment.Author() == w.gh.App().Slug()+"[bot]" {
			written["a reply"] += comment.Body() + "\n\n"
		}
	}
	if written["a reply"] == "" || !strings.Contains(c.Summary+c.Text, "evil") {
		t.Fatalf("nothing of it was written: %v", written)
	}
	for where, markdown := range written {
		if found := alive(t, markdown); len(found) > 0 {
			t.Errorf("in %s, %q is alive:\n%s", where, found, markdown)
		}
	}
	// A naive writer pastes.
	if found := alive(t, "- Changed: "+path+" by "+hostile); len(found) < 3 {
		t.Errorf("the naive text is harmless: %q", found)
	}
	// Control: ordinary names are shown as they are.
	if !strings.Contains(c.Summary+c.Text, "`ok/main.tf`") {
		t.Errorf("an ordinary path is not shown:\n%s", c.Text)
	}
}
