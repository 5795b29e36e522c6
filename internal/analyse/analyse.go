package analyse

import (
	"slices"

	"github.com/rolecall/rolecall/internal/analyse/golang"
	"github.com/rolecall/rolecall/internal/analyse/supplychain"
	"github.com/rolecall/rolecall/internal/analyse/terraform"
	"github.com/rolecall/rolecall/policy/fact"
)

// Analyse tells what the change of files does, as far as the contents say.
// It neither panics nor fails: what is missing, too large, too deep or does
// not parse is a gap or an unknown in the findings, with its reason.
//
// A file's mode is trusted only where its tree entries are known: without
// them nothing that has two versions is cosmetic.
func Analyse(files []fact.File, c fact.Contents) fact.Findings { return new(Memory).Analyse(files, c) }

// Memory makes analysing one change after another of the same repository
// quick: code that stays the same is read once. It changes no finding, and its
// size is bounded. The zero Memory is ready, and safe for concurrent use.
type Memory struct {
	golang    golang.Memory
	terraform terraform.Memory
}

// Analyse is like the function of that name.
func (m *Memory) Analyse(files []fact.File, c fact.Contents) fact.Findings {
	links := follow(files, c)
	files, c = links.files, links.contents
	var goFiles, tfFiles, others []fact.File
	var found fact.Findings
	classes := make([]class, len(files))
	for i, f := range files {
		k := classify(f)
		if why := links.doubts[f.Path]; why != "" && k.trick == "" {
			k.doubt = why
		}
		if k.golang && k.doubt == "" && cgoAlone(f, c) {
			k.golang = false
		}
		classes[i] = k
		if k.golang {
			found.Go.Files = append(found.Go.Files, f.Paths()...)
		}
		if k.terraform {
			found.Terraform.Files = append(found.Terraform.Files, f.Paths()...)
		}
		switch {
		case k.doubt != "":
			continue
		case k.golang:
			goFiles = append(goFiles, f)
		}
		if k.terraform {
			tfFiles = append(tfFiles, f)
		}
		if k.supply || k.vendored {
			others = append(others, f)
		}
	}

	g := m.golang.Analyse(goFiles, c)
	g.Go.Files = found.Go.Files
	found.Go = g.Go
	t := m.terraform.Analyse(tfFiles, c)
	t.Terraform.Files = found.Terraform.Files
	found.Terraform = t.Terraform
	s := supplychain.Analyse(others, c)
	found.Dependencies, found.Workflows = s.Dependencies, s.Workflows
	addTerraform(&found.Dependencies, t)

	found.Files = make([]fact.FileFinding, len(files))
	for i, f := range files {
		k := classes[i]
		if k.doubt != "" {
			doubt(&found, f, k)
		}
		found.Files[i] = fact.FileFinding{
			Path:      f.Path,
			Language:  k.language,
			Generated: generated(f, k, g.Generated),
			Cosmetic:  cosmetic(f, k, c, g.Cosmetic, t.Cosmetic, s.Cosmetic),
		}
	}
	found.Go.Cosmetic = goCosmetic(found.Files, classes)
	dropCosmetic(&found)
	sortPaths(&found.Go.Files)
	sortPaths(&found.Terraform.Files)
	links.cover(&found)
	return found
}

// goCosmetic tells whether no Go file of the change changes meaning.
func goCosmetic(files []fact.FileFinding, classes []class) fact.Maybe[bool] {
	all := fact.Known(false)
	first := true
	for i, f := range files {
		if !classes[i].golang {
			continue
		}
		if first {
			all, first = fact.Known(true), false
		}
		switch {
		case !f.Cosmetic.IsKnown():
			all = f.Cosmetic
		case !f.Cosmetic.Value:
			return f.Cosmetic
		}
	}
	return all
}

// dropCosmetic takes out the workflows that provably change no meaning.
func dropCosmetic(found *fact.Findings) {
	harmless := map[string]bool{}
	for _, f := range found.Files {
		harmless[f.Path] = f.Cosmetic.IsKnown() && f.Cosmetic.Value
	}
	found.Workflows.Items = slices.DeleteFunc(found.Workflows.Items, func(w fact.Workflow) bool {
		return harmless[w.Path] && w.Cosmetic.IsKnown() && w.Cosmetic.Value
	})
	if len(found.Workflows.Items) == 0 {
		found.Workflows.Items = nil
	}
}

func sortPaths(paths *[]string) {
	slices.Sort(*paths)
	*paths = slices.Compact(*paths)
}

// doubt makes a gap, wherever the file could count, of a file that cannot be
// told from its name or mode.
func doubt(found *fact.Findings, f fact.File, k class) {
	gap := fact.Gap{Paths: f.Paths(), Reason: k.doubt}
	if k.golang {
		g := &found.Go
		for _, gaps := range []*[]fact.Gap{&g.Packages.Gaps, &g.Exported.Gaps, &g.Functions.Gaps, &g.Uses.Gaps} {
			*gaps = append(*gaps, gap)
		}
		g.TestsOnly = fact.Unknown[bool](k.doubt)
	}
	if k.terraform {
		t := &found.Terraform
		for _, gaps := range []*[]fact.Gap{&t.Resources.Gaps, &t.Modules.Gaps, &t.Providers.Gaps, &t.Settings.Gaps} {
			*gaps = append(*gaps, gap)
		}
		t.Cosmetic = fact.Unknown[bool](k.doubt)
	}
	if k.supply || k.terraform {
		found.Dependencies.Gaps = append(found.Dependencies.Gaps, gap)
	}
	if k.workflow {
		found.Workflows.Gaps = append(found.Workflows.Gaps, gap)
	}
}
