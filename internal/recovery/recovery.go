package recovery

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
)

// Options say how often it is looked for what was missed.
type Options struct {
	App   *github.App
	Store *store.Store
	// Deliveries is how often the delivery log is read, 0 means every 5
	// minutes; Sweep how often each repository is compared with what is known
	// of it, 0 means every 15 minutes. Negative: never.
	Deliveries, Sweep time.Duration
	// Stale is how old a look may be before the pull request is looked at
	// again although nothing has happened; 0 means a day. It has to be well
	// below the 14 days after which GitHub calls a waiting check stale.
	Stale time.Duration
	// AllGoverned says that repositories without a policy have one all the
	// same, the default.
	AllGoverned bool
	// Metrics and Logger may be nil.
	Metrics prometheus.Registerer
	Logger  *slog.Logger
}

// Recovery finds what was missed.
type Recovery struct {
	o     Options
	queue *queue.Queue
	log   *slog.Logger
	now   func() time.Time

	redelivered, found *prometheus.CounterVec
}

// New returns a Recovery whose work is [Recovery.Periodic].
func New(o Options) *Recovery {
	o.Deliveries = cmp.Or(o.Deliveries, 5*time.Minute)
	o.Sweep = cmp.Or(o.Sweep, 15*time.Minute)
	o.Stale = cmp.Or(o.Stale, 24*time.Hour)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := promauto.With(o.Metrics)
	return &Recovery{
		o: o, log: o.Logger, now: time.Now,
		redelivered: f.NewCounterVec(prometheus.CounterOpts{
			Name: "rolecall_redeliveries_total", Help: "Failed deliveries found in GitHub's log, by outcome: asked (to be sent again), had (it came another way), gone (GitHub no longer has it), given-up (it failed too often).",
		}, []string{"outcome"}),
		found: f.NewCounterVec(prometheus.CounterOpts{
			Name: "rolecall_swept_total", Help: "Looks that the sweep asked for, by cause: updated (of which no delivery told), stale (not looked at for long), policy (it changed, of which no delivery told).",
		}, []string{"cause"}),
	}
}

// Use gives the queue to which what is found goes. It is called once, before
// the queue starts.
func (r *Recovery) Use(q *queue.Queue) { r.queue = q }

// Periodic is the work, for the queue to do.
func (r *Recovery) Periodic() []queue.Periodic {
	var list []queue.Periodic
	if r.o.Deliveries > 0 {
		list = append(list, queue.Periodic{Name: "deliveries", Every: r.o.Deliveries, AtStart: true, Run: r.Deliveries})
	}
	if r.o.Sweep > 0 {
		// A part of the repositories each time, so that it is spread out.
		list = append(list, queue.Periodic{Name: "sweep", Every: max(r.o.Sweep/parts, time.Second), Run: r.Sweep})
	}
	return list
}
