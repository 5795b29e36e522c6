package policy

import (
	"cmp"
	"slices"

	"github.com/rolecall/rolecall/policy/fact"
)

// ruling is what one layer, or none in particular, says of a command.
type ruling struct {
	accepted bool
	reasons  []Reason
	patch    string // see CommandVerdict
}

func accept() ruling { return ruling{accepted: true} }

func refuse(r Reason) ruling { return ruling{reasons: []Reason{r}} }

// form rules on what makes any command ineffective, whoever may give it; nil
// where nothing does.
func form(c fact.Command) *Reason {
	by := fact.Login(c.By.Login)
	switch {
	case by == "":
		return &Reason{Code: NoAccount}
	case c.By.Bot:
		return &Reason{Code: CommandByBot, Person: by}
	case c.Edited:
		return &Reason{Code: CommandEdited}
	case c.Problem != "":
		return &Reason{Code: CommandUnclear, Detail: c.Problem}
	case !slices.Contains(commandNames, c.Name):
		return &Reason{Code: CommandNotAvailable, Detail: c.Name}
	}
	return nil
}

// steers reports whether the layers themselves rule on the command, because it
// changes who has to approve.
func steers(c fact.Command) bool {
	return slices.Contains([]string{"assign-dri", "unassign-dri", "delegate", commandBreakGlass}, c.Name)
}

// loosens reports whether the command can make less review necessary.
func loosens(c fact.Command) bool { return steers(c) && c.Name != "unassign-dri" && !lasting(c) }

// admit rules on every command as far as that is the same for all layers, and
// notes which labels the commands ask for.
func (s *subject) admit(benches []*bench) {
	s.rulings = make([]*ruling, len(s.pull.Commands))
	for i, c := range s.pull.Commands {
		why := form(c)
		if why == nil && loosens(c) {
			why = s.doubt(c)
		}
		if why == nil && !steers(c) {
			why = s.admits(benches, c)
		}
		switch {
		case why != nil:
			r := refuse(*why)
			s.rulings[i] = &r
		case c.Name == "needs-security":
			s.wanted = append(s.wanted, fact.LabelEvent{Label: labelSecurity, Added: true, By: c.By, At: c.At})
			fallthrough
		case !steers(c) && c.Name != "request":
			r := accept()
			s.rulings[i] = &r
		}
	}
}

// admits returns why no layer lets c's author give it; nil where one does: a
// repository's file cannot take from anybody what the floor leaves to all.
// Where a layer does not say who may, some commands take write access.
func (s *subject) admits(benches []*bench, c fact.Command) *Reason {
	var why *Reason
	for _, b := range benches {
		no := b.layer.permits(b, c)
		if b.layer.takesWrite(c.Name) && !s.writes(c) {
			no = &Reason{Code: CommandNeedsAccess, Person: fact.Login(c.By.Login)}
		}
		if no == nil {
			return nil
		}
		why = no
	}
	return why
}

// writes reports whether c's author is somebody to whom the owner gave access,
// by their standing or by what they may do.
func (s *subject) writes(c fact.Command) bool {
	may := s.pull.Permissions[fact.Login(c.By.Login)]
	return may == "admin" || may == "write" || slices.Contains([]string{"owner", "member", "collaborator"}, s.access[c.Comment])
}

// doubt returns why it cannot be told whether a command that loosens was taken
// back: whoever can write can delete and edit what others say. What people do
// to their own comments is their own to decide, and bots give no commands.
func (s *subject) doubt(c fact.Command) *Reason {
	for _, d := range s.pull.DeletedComments {
		author := fact.Login(d.Author.Login)
		if !d.Author.Bot && (author == "" || author != fact.Login(d.By.Login)) && !d.At.Before(c.At) {
			return &Reason{Code: CommandsDoubted, At: d.At}
		}
	}
	for _, o := range s.pull.Comments {
		edited := o.Edited && o.Editor != "" && o.Editor != fact.Login(o.Author.Login)
		if edited && !o.Own && !o.Author.Bot && o.ID != c.Comment && !o.At.Before(c.At) {
			return &Reason{Code: CommandsDoubted, At: o.At}
		}
	}
	return nil
}

// command rules on every command, in the order of their giving, and carries
// out those that are accepted. A command is accepted where one layer does.
func (s *subject) command(runs []*layerRun) []CommandVerdict {
	out := make([]CommandVerdict, len(s.pull.Commands))
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := s.pull.Commands[i], s.pull.Commands[j]
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Comment, b.Comment), cmp.Compare(a.Line, b.Line))
	})
	var glass []int
	for _, i := range order {
		c := s.pull.Commands[i]
		v := CommandVerdict{Command: asStored(c)}
		switch r := s.rulings[i]; {
		case r != nil:
			v.Accepted, v.Reasons = r.accepted, r.reasons
		case c.Name == commandBreakGlass:
			glass = append(glass, i)
		default:
			concerned := false
			for _, run := range runs {
				if !run.steering.concerned(c) {
					continue
				}
				concerned = true
				r := run.steering.rule(c)
				v.Accepted = v.Accepted || r.accepted
				v.Reasons = append(v.Reasons, r.reasons...)
				v.Patch = cmp.Or(v.Patch, r.patch)
			}
			if !concerned {
				v.Reasons = []Reason{{Code: CommandNoDRI}}
			}
		}
		out[i] = v
	}
	for _, run := range runs {
		run.hear(glass, out)
	}
	for _, i := range glass {
		if v := &out[i]; v.Accepted {
			v.Reasons = nil
		} else {
			v.Reasons = onceEach(v.Reasons, func(r Reason) string { return string(r.Code) + r.Person + r.Detail })
		}
	}
	return out
}

// hear rules on the commands that ask to break the glass, all together, since
// one may confirm the other, and notes on each verdict what is to be written
// down.
func (r *layerRun) hear(commands []int, out []CommandVerdict) {
	var voices []*voice
	for _, i := range commands {
		v, why := r.steering.hear(out[i].Command, i, r.pull)
		if why != nil {
			out[i].Reasons = append(out[i].Reasons, *why)
			continue
		}
		voices = append(voices, v)
	}
	var ok bool
	r.by, r.second, r.last, ok = breakGlass(voices, r.writers, r.pull.GlassUses)
	for _, v := range voices {
		verdict := &out[v.index]
		note := &fact.GlassNote{Kind: fact.GlassAsked, Comment: v.command.Comment, By: v.by, At: v.command.At, Head: r.pull.Head.SHA}
		switch {
		case ok:
			verdict.Accepted = true
			note.Kind, note.By, note.At = fact.GlassBroken, r.by.by, r.last.command.At
			if r.second != nil {
				note.Second = r.second.by
			}
		case v.alone != nil:
			verdict.Reasons = append(verdict.Reasons, *v.alone, Reason{Code: GlassUnconfirmed, Detail: r.steering.breakers()})
		case !v.onCall:
			verdict.Reasons = append(verdict.Reasons, Reason{Code: GlassUnconfirmed, Detail: r.steering.breakers()})
		}
		if verdict.Note == nil || note.Kind == fact.GlassBroken && verdict.Note.Kind != fact.GlassBroken {
			verdict.Note = note
		}
	}
}

// asStored is c as it comes back from a store, apart from the facts' memory.
func asStored(c fact.Command) fact.Command {
	c.Args = append([]string(nil), c.Args...)
	return c
}
