package main

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/rolecall/rolecall/policy"
)

// metrics is the registry on which all rooms count, and what the wiring itself
// counts there: calls to GitHub and decisions.
type metrics struct {
	registry *prometheus.Registry

	evaluations *prometheus.CounterVec
	evaluation  prometheus.Histogram
	toCheck     prometheus.Histogram
	calls       *prometheus.CounterVec
	callSeconds *prometheus.HistogramVec
	remaining   *prometheus.GaugeVec
}

// latency buckets in seconds: what a person notices lies between 0.05 and 30.
var latency = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		evaluations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rolecall_evaluations_total",
			Help: "Decisions by status.",
		}, []string{"status"}),
		evaluation: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rolecall_evaluation_seconds", Buckets: latency,
			Help: "From the start of gathering to the decision.",
		}),
		toCheck: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rolecall_delivery_to_check_seconds", Buckets: latency,
			Help: "From the first delivery that a look answers to its check.",
		}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rolecall_github_calls_total",
			Help: "Calls to GitHub by operation and outcome.",
		}, []string{"operation", "outcome"}),
		callSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rolecall_github_call_seconds", Buckets: latency,
			Help: "How long a call to GitHub took.",
		}, []string{"operation"}),
		remaining: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rolecall_github_rate_limit_remaining",
			Help: "What GitHub last said is left of an installation's budget.",
		}, []string{"installation", "resource"}),
	}
	m.registry.MustRegister(m.evaluations, m.evaluation, m.toCheck,
		m.calls, m.callSeconds, m.remaining,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) Evaluated(status policy.Status, took time.Duration) {
	m.evaluations.WithLabelValues(string(status)).Inc()
	m.evaluation.Observe(took.Seconds())
}

func (m *metrics) Checked(sinceDelivery time.Duration) { m.toCheck.Observe(sinceDelivery.Seconds()) }

func (m *metrics) Call(operation, outcome string, took time.Duration) {
	m.calls.WithLabelValues(operation, outcome).Inc()
	m.callSeconds.WithLabelValues(operation).Observe(took.Seconds())
}

func (m *metrics) RateLimit(installation int64, resource string, remaining, _ int, _ time.Time) {
	m.remaining.WithLabelValues(strconv.FormatInt(installation, 10), resource).Set(float64(remaining))
}

// owe registers how many merged pull requests owe reviews for a broken glass,
// which the database is asked for whenever metrics are read.
func (m *metrics) owe(count func(context.Context) (int, error)) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "rolecall_review_debts",
		Help: "Merged pull requests that owe reviews for a broken glass; NaN where the database does not tell.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		n, err := count(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	}))
}
