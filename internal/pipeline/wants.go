package pipeline

import (
	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Wants tells gather which contents the analyses behind a policy's names read
// beyond those that were read.
func Wants(files []fact.File, needs policy.Needs, read fact.Contents) []gather.Want {
	var wants []gather.Want
	for _, w := range analyse.Wants(files, needs.Names, read) {
		wants = append(wants, gather.Want{Path: w.Path, Dir: w.Dir})
	}
	return wants
}
