// Package lsp is a language server for policies: what is wrong with a file
// while it is written, what can stand at the cursor, and what that means. All
// of it comes from the policy language itself, which checks the file as the
// server on GitHub does.
//
// It must never read a file or a network: it knows what the editor sends.
package lsp
