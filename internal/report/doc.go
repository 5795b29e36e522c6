// Package report turns a decision into words: the check run's output, replies
// to commands, and text for a terminal. Equal decisions give equal words.
//
// It must never decide anything, and never let text from outside become
// Markdown, a mention or HTML.
package report
