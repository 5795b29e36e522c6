package golang

import (
	"bytes"
	"fmt"
	"path"
	"slices"

	"golang.org/x/mod/modfile"

	"github.com/rolecall/rolecall/policy/fact"
)

// sameModule tells whether two versions of a module file mean the same; for
// any other file that is not Go source, bytes that differ do not.
func sameModule(p string, was, is []byte) (same fact.Maybe[bool]) {
	defer func() {
		if r := recover(); r != nil {
			same = fact.Unknown[bool](fmt.Sprintf("reading it failed: %.100v", r))
		}
	}()
	if len(was) > maxBytes || len(is) > maxBytes {
		return fact.Unknown[bool]("the file is larger than 1 MB")
	}
	switch path.Base(p) {
	case "go.mod":
		x, err := moduleMeaning(was)
		if err != nil {
			return fact.Unknown[bool]("it does not parse as go.mod: " + brief(err))
		}
		y, err := moduleMeaning(is)
		if err != nil {
			return fact.Unknown[bool]("it does not parse as go.mod: " + brief(err))
		}
		return fact.Known(slices.Equal(x, y))
	case "go.work":
		x, err := workMeaning(was)
		if err != nil {
			return fact.Unknown[bool]("it does not parse as go.work: " + brief(err))
		}
		y, err := workMeaning(is)
		if err != nil {
			return fact.Unknown[bool]("it does not parse as go.work: " + brief(err))
		}
		return fact.Known(slices.Equal(x, y))
	case "go.sum", "go.work.sum":
		return fact.Known(slices.Equal(lines(was), lines(is)))
	}
	return fact.Known(false)
}

// moduleMeaning lists all that a go.mod says, in a form that two files of one
// meaning share.
func moduleMeaning(src []byte) ([]string, error) {
	f, err := modfile.Parse("go.mod", src, nil)
	if err != nil {
		return nil, err
	}
	var says []string
	say := func(format string, args ...any) { says = append(says, fmt.Sprintf(format, args...)) }
	if f.Module != nil {
		say("module %q deprecated %q", f.Module.Mod.Path, f.Module.Deprecated)
	}
	if f.Go != nil {
		say("go %q", f.Go.Version)
	}
	if f.Toolchain != nil {
		say("toolchain %q", f.Toolchain.Name)
	}
	for _, g := range f.Godebug {
		say("godebug %q %q", g.Key, g.Value)
	}
	for _, r := range f.Require {
		say("require %q %q %v", r.Mod.Path, r.Mod.Version, r.Indirect)
	}
	for _, x := range f.Exclude {
		say("exclude %q %q", x.Mod.Path, x.Mod.Version)
	}
	for _, r := range f.Replace {
		say("replace %q %q %q %q", r.Old.Path, r.Old.Version, r.New.Path, r.New.Version)
	}
	for _, r := range f.Retract {
		say("retract %q %q %q", r.Low, r.High, r.Rationale)
	}
	for _, t := range f.Tool {
		say("tool %q", t.Path)
	}
	for _, i := range f.Ignore {
		say("ignore %q", i.Path)
	}
	slices.Sort(says)
	return slices.Compact(says), nil
}

func workMeaning(src []byte) ([]string, error) {
	f, err := modfile.ParseWork("go.work", src, nil)
	if err != nil {
		return nil, err
	}
	var says []string
	say := func(format string, args ...any) { says = append(says, fmt.Sprintf(format, args...)) }
	if f.Go != nil {
		say("go %q", f.Go.Version)
	}
	if f.Toolchain != nil {
		say("toolchain %q", f.Toolchain.Name)
	}
	for _, g := range f.Godebug {
		say("godebug %q %q", g.Key, g.Value)
	}
	for _, u := range f.Use {
		say("use %q", u.Path)
	}
	for _, r := range f.Replace {
		say("replace %q %q %q %q", r.Old.Path, r.Old.Version, r.New.Path, r.New.Version)
	}
	slices.Sort(says)
	return slices.Compact(says), nil
}

// lines are the lines of a file of sums, whose order means nothing.
func lines(src []byte) []string {
	var all []string
	for line := range bytes.Lines(src) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			all = append(all, string(line))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
