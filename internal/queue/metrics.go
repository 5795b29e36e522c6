package queue

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	jobs     *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	wait     prometheus.Histogram
	running  prometheus.Gauge
	standing prometheus.Gauge
	rescued  prometheus.Counter
	periodic *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) metrics {
	f := promauto.With(r)
	return metrics{
		jobs: f.NewCounterVec(prometheus.CounterOpts{
			Name: "rolecall_jobs_total", Help: "Jobs ended, by kind and outcome: done, again (an event came meanwhile), failed, held (GitHub said when to come back), returned (at shutdown), lost (taken over by another replica).",
		}, []string{"kind", "outcome"}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rolecall_job_seconds", Help: "Seconds that a job took, by kind.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 14),
		}, []string{"kind"}),
		wait: f.NewHistogram(prometheus.HistogramOpts{
			Name: "rolecall_job_wait_seconds", Help: "Seconds from the delivery to the start of its job.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 18),
		}),
		running:  f.NewGauge(prometheus.GaugeOpts{Name: "rolecall_jobs_running", Help: "Jobs that run in this process."}),
		standing: f.NewGauge(prometheus.GaugeOpts{Name: "rolecall_jobs_standing", Help: "Jobs that wait, run, or are due later, of all processes."}),
		rescued:  f.NewCounter(prometheus.CounterOpts{Name: "rolecall_jobs_rescued_total", Help: "Jobs taken from a worker that was lost."}),
		periodic: f.NewCounterVec(prometheus.CounterOpts{
			Name: "rolecall_periodic_total", Help: "Periodic work that this process ended, by name and outcome: done, failed, returned (at shutdown), lost (taken over by another replica).",
		}, []string{"work", "outcome"}),
	}
}
