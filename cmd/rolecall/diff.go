package main

import (
	"context"
	"encoding/json"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy/fact"
)

type diffCmd struct {
	commits
	Format string `enum:"terminal,json" default:"terminal" help:"One of ${enum}."`
}

// everything is all that the analyses can find.
var everything = []string{"files.generated", "files.cosmetic", "go", "terraform", "dependencies", "workflows"}

// diffJSON is what --format json prints.
type diffJSON struct {
	MergeBase string        `json:"merge_base"` // SHA of the commit that the change is compared with
	Head      string        `json:"head"`       // SHA
	Files     []fact.File   `json:"files"`
	Findings  fact.Findings `json:"findings"`
	Gaps      []fact.Gap    `json:"gaps,omitempty"`
}

// Run prints what a change does, as far as its two versions tell.
func (c *diffCmd) Run(ctx context.Context, s streams) error {
	repo, change, err := c.open(ctx)
	if err != nil {
		return err
	}
	reader, err := repo.Reader(ctx, readerOptions)
	if err != nil {
		return err
	}
	defer reader.Close()
	pull, err := reader.Pull(change)
	if err != nil {
		return err
	}
	if err := reader.Find(&pull, everything); err != nil {
		return err
	}
	if c.Format == "json" {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(diffJSON{pull.MergeBase, pull.Head.SHA, pull.Files, pull.Findings, pull.Gaps})
	}
	return report.Findings(s.out, pull, isTerminal(s))
}
