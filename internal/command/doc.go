// Package command finds slash commands in pull-request comments. It reads
// Markdown as GitHub does, so that a command inside a quote, code or HTML is
// only text, and it knows the grammar of every command as data.
//
// It must never decide whether somebody may give a command: that is the
// policy's, over the roles of the moment.
package command
