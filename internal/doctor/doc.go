// Package doctor looks over how rolecall is set up for a repository: what the
// App may read and write, whether its check is required and pinned to it, who
// can pass it by. It takes what was read of GitHub and returns findings, each
// with its remedy; it must never call GitHub itself, and never change anything.
package doctor
