package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/report"
)

const (
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	plain = "\x1b[0m"
)

func (st *stage) style(code, s string) string {
	if !isTerminal(st.streams) {
		return s
	}
	return code + s + plain
}

func (st *stage) heading(s string) {
	st.step++
	fmt.Fprintf(st.out, "\n%s\n", st.style(bold, fmt.Sprintf("%d. %s", st.step, s)))
}

var stateIcons = map[string]string{"in_progress": "●", "success": "✓", "failure": "✗", "action_required": "!"}

// show prints a check run as GitHub shows it under the pull request.
func (st *stage) show(c githubtest.Check) {
	state := c.Conclusion
	if c.Status != "completed" {
		state = c.Status
	}
	fmt.Fprintf(st.out, "  %s %s — %s  %s\n", stateIcons[state], st.style(bold, c.Name), c.Title, st.style(faint, "("+state+")"))
	text := c.Summary
	if st.Verbose {
		text += "\n" + c.Text
	}
	st.markdown(text)
	comments := st.pr.Comments()
	for _, comment := range comments[min(st.told, len(comments)):] {
		if reactions := comment.Reactions(); len(reactions) > 0 {
			fmt.Fprintf(st.out, "    rolecall reacts: %s\n", strings.Join(reactions, " "))
		}
		if comment.Author() == st.gh.App().Slug()+"[bot]" {
			fmt.Fprint(st.out, "    rolecall replies:\n")
			st.markdown(htmlComment.ReplaceAllString(comment.Body(), ""))
		}
	}
	st.told = len(comments)
	if asked := st.pr.Requested(); len(asked) > 0 {
		fmt.Fprintf(st.out, "    %s\n", st.style(faint, "review requested from: "+strings.Join(asked, ", ")))
	}
}

var htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)

// markdown prints what rolecall wrote, set in.
func (st *stage) markdown(text string) {
	for line := range strings.Lines(report.Plain(text, isTerminal(st.streams))) {
		if strings.TrimSpace(line) != "" {
			fmt.Fprintf(st.out, "    %s", line)
		}
	}
}
