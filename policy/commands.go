package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// The labels and roles that commands fall back on.
const (
	labelSecurity     = "security"
	roleManager       = "manager"
	roleCloudEngineer = "cloud-engineer"
)

// steering carries out commands that change who may approve, one layer at a
// time. They are read from the comments again at every evaluation.
type steering struct {
	layer   *layer
	bench   *bench
	dris    *dris
	writers *contributors
	pull    *fact.Pull
	// missing says why commands may be missing that took back what others
	// gave; "" where all are known.
	missing string
}

// rule rules on c and carries it out where it is accepted.
func (s *steering) rule(c fact.Command) ruling {
	switch {
	case c.Name == "request":
		return s.request(c)
	case s.missing != "":
		return refuse(Reason{Code: CommandsUnknown, Detail: s.missing})
	case c.Name == "delegate":
		return s.delegate(c)
	case lasting(c):
		return s.lasting(c)
	}
	return s.assign(c)
}

// assign names a DRI, or takes back who was named. Without a project it is
// about every project touched of which its author may decide.
func (s *steering) assign(c fact.Command) ruling {
	by := fact.Login(c.By.Login)
	who, project, bad := driArguments(c.Args)
	if bad != nil {
		return refuse(*bad)
	}
	if c.Name == "unassign-dri" && who != "" {
		return refuse(Reason{Code: CommandUnclear, Detail: "it takes back who was named and takes no person"})
	}
	targets, bad := s.targets(project)
	if bad != nil {
		return refuse(*bad)
	}
	// Where it cannot be told whether the command counts, it cannot be told
	// who the DRI is either.
	if why := s.writers.unknown; why != "" {
		for _, name := range targets {
			s.dris.byName[name].unknown = why
		}
		return refuse(Reason{Code: ContributorsUnknown, Detail: why})
	}
	if s.writers.wrote(by) {
		return refuse(Reason{Code: CommandByOutsider, Person: by})
	}
	who = cmp.Or(who, by)
	if c.Name == "assign-dri" && s.writers.wrote(who) {
		return refuse(Reason{Code: CommandForOutsider, Person: who})
	}
	for _, name := range targets {
		if why := s.may(c, name); why != nil && why.Code == HoldersUnknown {
			s.dris.byName[name].unknown = why.Detail
		}
	}
	return s.each(targets, c, func(d *dri) {
		d.delegates = nil
		if c.Name == "unassign-dri" {
			d.reset()
			return
		}
		d.login, d.by = who, by
	})
}

// delegate lets somebody approve in the DRI's stead until a time.
func (s *steering) delegate(c fact.Command) ruling {
	by := fact.Login(c.By.Login)
	args := c.Args
	var until time.Time
	if i := slices.Index(args, "until"); i >= 0 {
		if i != len(args)-2 {
			return refuse(Reason{Code: CommandUnclear, Detail: "until is followed by one date"})
		}
		t, day, err := parseTime(args[i+1])
		if err != nil {
			return refuse(Reason{Code: CommandUnclear, Detail: "until is followed by a date such as 2026-12-31"})
		}
		if day {
			t = t.AddDate(0, 0, 1)
		}
		until, args = t, args[:i]
	}
	who, project, bad := driArguments(args)
	switch {
	case bad != nil:
		return refuse(*bad)
	case who == "":
		return refuse(Reason{Code: CommandUnclear, Detail: "it names nobody"})
	}
	targets, bad := s.targets(project)
	switch {
	case bad != nil:
		return refuse(*bad)
	case s.writers.wrote(by):
		return refuse(Reason{Code: CommandByOutsider, Person: by})
	case s.writers.wrote(who):
		return refuse(Reason{Code: CommandForOutsider, Person: who})
	}
	return s.each(targets, c, func(d *dri) {
		d.delegates = append(d.delegates, delegation(who, by, c.At, until))
	})
}

// request rules on asking one more person or role, which decides nothing.
func (s *steering) request(c fact.Command) ruling {
	if why := s.layer.permits(s.bench, c); why != nil {
		return refuse(*why)
	}
	if len(c.Args) != 1 {
		return refuse(Reason{Code: CommandUnclear, Detail: "it names one person or role"})
	}
	if strings.HasPrefix(c.Args[0], "@") {
		if _, bad := personArgument(c.Args[0]); bad != nil {
			return refuse(*bad)
		}
		return accept()
	}
	if s.layer.role(c.Args[0]) == nil {
		return refuse(Reason{Code: CommandNoRole, Role: c.Args[0]})
	}
	return accept()
}

// each carries out what c asks for every target of which its author may
// decide; the command is refused where that is none.
func (s *steering) each(targets []string, c fact.Command, do func(*dri)) ruling {
	var out ruling
	for _, name := range targets {
		if why := s.may(c, name); why != nil {
			out.reasons = append(out.reasons, *why)
			continue
		}
		out.accepted = true
		do(s.dris.byName[name])
	}
	return out
}

// may returns why c's author may not decide on a project's DRI; nil when they
// may.
func (s *steering) may(c fact.Command, project string) *Reason {
	return s.decides(c, project, s.dris.byName[project].login)
}

// decides is may for a project whose DRI is dri, "" for nobody.
func (s *steering) decides(c fact.Command, project, dri string) *Reason {
	by := fact.Login(c.By.Login)
	roles, set := s.layer.commands[c.Name]
	if !set {
		roles = []string{roleDRI, roleManager}
		switch {
		case c.Name == "delegate":
			roles = []string{roleDRI}
		case dri == "":
			roles = append(roles, roleCloudEngineer)
		}
	}
	if slices.Contains(roles, roleDRI) && dri != "" && dri == by {
		return nil
	}
	fixed := s.fixed(roles)
	held, unknown := s.bench.holdsAny(fixed, by, c.At)
	switch {
	case held:
		return nil
	case unknown != "":
		return &Reason{Code: HoldersUnknown, Role: strings.Join(fixed, ", "), Project: project, Detail: unknown}
	}
	return &Reason{Code: CommandNeedsRole, Person: by, Project: project, Detail: strings.Join(roles, ", ")}
}

// targets returns the projects that a command is about.
func (s *steering) targets(project string) ([]string, *Reason) {
	if project == "" {
		return s.dris.targets, nil
	}
	if _, ok := s.dris.byName[project]; ok {
		return []string{project}, nil
	}
	for _, p := range s.layer.projects {
		if p.name == project {
			return nil, &Reason{Code: CommandUntouched, Project: project}
		}
	}
	return nil, &Reason{Code: CommandNoProject, Project: project}
}

// concerned reports whether c can mean anything to the layer.
func (s *steering) concerned(c fact.Command) bool {
	return c.Name == "request" || len(s.layer.projects) > 0 || s.layer.role(roleDRI) != nil
}

// driArguments reads [@user] [PROJECT].
func driArguments(args []string) (who, project string, bad *Reason) {
	if len(args) > 0 && strings.HasPrefix(args[0], "@") {
		if who, bad = personArgument(args[0]); bad != nil {
			return "", "", bad
		}
		args = args[1:]
	}
	for _, a := range args {
		if strings.HasPrefix(a, "@") {
			return "", "", &Reason{Code: CommandUnclear, Detail: "it names more than one person"}
		}
	}
	return who, strings.Join(args, " "), nil
}

// personArgument reads @user. Teams and bots are no persons.
func personArgument(arg string) (login string, bad *Reason) {
	login = fact.Login(arg)
	if login == "" || strings.Contains(login, "/") || strings.HasSuffix(strings.ToLower(arg), "[bot]") {
		return "", &Reason{Code: CommandForNobody, Detail: arg}
	}
	return login, nil
}
