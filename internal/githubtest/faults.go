package githubtest

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Fault is something that goes wrong with, or happens around, calls of an
// operation. A fault that is not used Times times fails the test.
type Fault struct {
	// Operation is the operation's ID in GitHub's contract, such as
	// "checks/create"; "graphql" for any GraphQL query, "graphql/NAME" for the
	// one of that name; "*" for every call.
	Operation string
	// Times is how many calls it meets; 1 when zero, without end and without
	// having to be used when negative.
	Times int
	// Skip lets that many calls pass first.
	Skip int
	// Match, when set, keeps the fault to the calls for which it is true.
	Match func(*http.Request, []byte) bool

	// Status answers in place of GitHub, with Body and Header; 0 lets the
	// call through.
	Status int
	Body   string
	Header http.Header
	// Quote puts the request's credentials into the message of the answer, as
	// a careless proxy does.
	Quote bool
	// Delay is waited before the call takes effect.
	Delay time.Duration
	// Late is waited after the call took effect and before its answer.
	Late time.Duration
	// Drop cuts the connection instead of answering. The call has taken
	// effect unless Status is set too.
	Drop bool
	// Before is run before the call takes effect, After when it has and
	// before it is answered: to act between two calls, such as a push between
	// a read and a write. They may use the fake freely.
	Before func()
	After  func()
}

type fault struct {
	Fault
	seen, used int
}

type faultList struct {
	mu   sync.Mutex
	list []*fault
}

// Inject puts faults in force. Of several that meet a call the first takes it.
func (s *Server) Inject(faults ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		if f.Operation != "*" && !knownOperation(f.Operation) {
			s.misuse("no operation is called %q", f.Operation)
		}
		s.faults.list = append(s.faults.list, &fault{Fault: f})
	}
}

// ClearFaults takes all faults out of force; those not used are forgiven.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// Before runs do before the next call of an operation takes effect.
func (s *Server) Before(operation string, do func()) {
	s.Inject(Fault{Operation: operation, Before: do})
}

// After runs do when the next call of an operation has taken effect, before
// it is answered.
func (s *Server) After(operation string, do func()) {
	s.Inject(Fault{Operation: operation, After: do})
}

// Fail makes the next calls of an operation fail with a status.
func (s *Server) Fail(operation string, status, times int) {
	s.Inject(Fault{Operation: operation, Status: status, Times: times})
}

func (l *faultList) take(operation, query string, r *http.Request, body []byte) *Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.list {
		if f.Operation != "*" && f.Operation != operation && (query == "" || f.Operation != "graphql/"+query) {
			continue
		}
		if f.Times >= 0 && f.used >= f.Times || f.Match != nil && !f.Match(r, body) {
			continue
		}
		if f.seen < f.Skip {
			f.seen++
			continue
		}
		f.used++
		taken := f.Fault
		return &taken
	}
	return nil
}

func (l *faultList) unused() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, f := range l.list {
		if f.Times > f.used {
			out = append(out, fmt.Sprintf("a fault for %s was used %d of %d times", f.Operation, f.used, f.Times))
		}
	}
	return out
}
