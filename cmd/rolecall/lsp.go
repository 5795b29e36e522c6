package main

import (
	"context"

	"github.com/rolecall/rolecall/internal/lsp"
)

type lspCmd struct {
	Stdio bool `help:"Speak over standard input and output, as it does anyhow; editors pass it."`
}

// Help is the long help.
func (c *lspCmd) Help() string {
	return "Editors start it for policies (.github/rolecall.hcl, rolecall.hcl): it shows what is wrong with them, completes, explains and formats."
}

// Run serves one editor.
func (c *lspCmd) Run(ctx context.Context, s streams) error {
	return lsp.Serve(ctx, s.in, s.out, versionString())
}
