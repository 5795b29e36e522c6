package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/rolecall/rolecall/internal/command"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// maxBody bounds a delivery: GitHub sends none above 25 MB.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
const maxBody = 25 << 20

// Options say whose deliveries are received.
type Options struct {
	// Secrets are the webhook secrets that count: two while one replaces the
	// other. At least one, and none empty.
	Secrets [][]byte
	Store   *store.Store
	Queue   *queue.Queue
	// AppID and Slug are the App's own, by which it knows its echoes.
	AppID int64
	Slug  func() string // returns "" as long as it is not known
	// External takes the external_id of a check run of ours apart: the number
	// of its pull request, 0 for a merge group, and its generation.
	External func(id string) (number int, generation int64, ok bool)
	// Metrics and Logger may be nil.
	Metrics prometheus.Registerer
	Logger  *slog.Logger
}

// New returns the handler of deliveries. It refuses to be without a secret.
func New(o Options) (http.Handler, error) {
	if len(o.Secrets) == 0 {
		return nil, errors.New("no webhook secret: anybody could send deliveries")
	}
	for _, s := range o.Secrets {
		if len(s) == 0 {
			return nil, errors.New("an empty webhook secret: anybody could send deliveries")
		}
	}
	if o.Store == nil || o.Queue == nil || o.External == nil || o.Slug == nil {
		return nil, errors.New("webhook: Store, Queue, Slug and External are needed")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := promauto.With(o.Metrics)
	return &receiver{
		o:   o,
		own: own{app: o.AppID, slug: o.Slug, mentions: command.Mentions, external: o.External},
		deliveries: f.NewCounterVec(prometheus.CounterOpts{
			Name: "rolecall_deliveries_total", Help: "Deliveries received, by event and outcome: queued, irrelevant, duplicate, unknown, no-installation, rejected (not GitHub's), malformed, failed (to be stored).",
		}, []string{"event", "outcome"}),
		seconds: f.NewHistogram(prometheus.HistogramOpts{
			Name: "rolecall_delivery_seconds", Help: "Seconds until a delivery was answered.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}),
	}, nil
}

type receiver struct {
	o          Options
	own        own
	deliveries *prometheus.CounterVec
	seconds    prometheus.Histogram
}

// answer is what becomes of a delivery.
type answer struct {
	status  int
	outcome string // as the metric names it
	text    string // for the sender, and GitHub's delivery log
}

// envelope is what the headers of a delivery say.
type envelope struct {
	event, guid string
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	event, log, a := h.receive(w, r)
	h.deliveries.WithLabelValues(event, a.outcome).Inc()
	h.seconds.Observe(time.Since(began).Seconds())
	level := slog.LevelDebug
	switch {
	case a.status >= 500:
		level = slog.LevelError
	case a.status >= 400:
		level = slog.LevelWarn
	case a.outcome == "queued":
		level = slog.LevelInfo
	}
	log.Log(r.Context(), level, "delivery "+a.outcome, "event", event, "detail", a.text, "took", time.Since(began))
	if a.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text+"\n")
}

// receive takes one delivery in. The event that it returns is one of a bounded
// set, whatever the sender says.
func (h *receiver) receive(w http.ResponseWriter, r *http.Request) (event string, log *slog.Logger, a answer) {
	log = h.o.Logger
	reject := func(status int, text string) (string, *slog.Logger, answer) {
		return "unverified", log, answer{status, "rejected", text}
	}
	if r.Method != http.MethodPost {
		return reject(http.StatusMethodNotAllowed, "deliveries are POST requests")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return reject(http.StatusUnsupportedMediaType, "set the webhook's content type to application/json")
	}
	if r.ContentLength > maxBody {
		return reject(http.StatusRequestEntityTooLarge, "the body is larger than any delivery")
	}
	signature := r.Header.Get("X-Hub-Signature-256")
	if signature == "" {
		return reject(http.StatusUnauthorized, "no X-Hub-Signature-256: set the webhook's secret")
	}
	read := bodies.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is in it
	defer func() {
		if read.Cap() <= 2*usual { // a large one is not worth keeping
			read.Reset()
			bodies.Put(read)
		}
	}()
	body, err := readAll(read, http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return reject(http.StatusRequestEntityTooLarge, "the body is larger than any delivery")
		}
		return reject(http.StatusBadRequest, "the body could not be read")
	}
	if !signed(signature, body, h.o.Secrets) {
		return reject(http.StatusUnauthorized, "the signature does not match: is the webhook's secret the same on both sides?")
	}
	if id := r.Header.Get("X-GitHub-Hook-Installation-Target-ID"); h.o.AppID != 0 && id != "" &&
		r.Header.Get("X-GitHub-Hook-Installation-Target-Type") == "integration" && id != strconv.FormatInt(h.o.AppID, 10) {
		return reject(http.StatusForbidden, "the delivery is for another App")
	}

	e := envelope{r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery")}
	event = e.event
	if _, known := effects[event]; !known {
		event = "other"
	}
	if e.event == "" || !plausible(e.guid) {
		return event, log, answer{http.StatusBadRequest, "malformed", "X-GitHub-Event or X-GitHub-Delivery is missing or malformed"}
	}
	log = log.With("delivery", e.guid)
	var p payload
	if event != "other" {
		if err := json.Unmarshal(body, &p, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
			return event, log, answer{http.StatusBadRequest, "malformed", "the body is not the JSON of such an event"}
		}
	}
	log = log.With("action", p.Action, "installation", p.Installation.ID, "repository", p.Repository.FullName, "pull", p.number())
	a = h.take(r.Context(), log, e, &p, body, time.Now())
	return event, log, a
}

// usual is as much as a delivery usually has.
const usual = 64 << 10

// bodies are used again: nothing of a delivery is kept but copies.
var bodies = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// readAll reads into b what is said to have that size. Who sends it has not
// been verified, so its word is taken for as much as a delivery usually has.
func readAll(b *bytes.Buffer, r io.Reader, size int64) ([]byte, error) {
	b.Grow(int(min(max(size, 0), usual)) + bytes.MinRead)
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// plausible reports whether s could be the GUID of a delivery.
func plausible(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// take judges a verified delivery and stores what it calls for.
func (h *receiver) take(ctx context.Context, log *slog.Logger, e envelope, p *payload, body []byte, now time.Time) answer {
	v, known := judge(e.event, p, h.own)
	switch {
	case !known:
		return answer{http.StatusAccepted, "unknown", v.Why}
	case e.event == "ping":
		return answer{http.StatusAccepted, "irrelevant", "pong"}
	case p.Installation.ID == 0:
		return answer{http.StatusAccepted, "no-installation", "it comes from a repository's webhook, not from the App's"}
	case v.push != nil:
		v.push.At = now
		if err := h.o.Store.SeePush(ctx, v.ref, v.branch, *v.push); err != nil {
			log.Error("store push", "error", err)
			return answer{http.StatusInternalServerError, "failed", "the push could not be stored"}
		}
		return answer{http.StatusAccepted, "irrelevant", v.Why}
	case !v.Looks:
		return answer{http.StatusAccepted, "irrelevant", v.Why}
	}
	if v.echo != "" {
		stale, err := h.stale(ctx, v)
		if err != nil {
			log.Error("echo of a check", "error", err)
			return answer{http.StatusInternalServerError, "failed", "the database does not answer"}
		}
		if !stale {
			return answer{http.StatusAccepted, "irrelevant", "our own doing"}
		}
		log.Warn("an older result of ours came after a newer one", "number", v.ref.Number, "generation", v.generation)
	}
	for i := range v.targets {
		t := &v.targets[i]
		t.Delivery, t.ReceivedAt, t.Why = e.guid, now, e.event+"."+p.Action
		if p.Action == "" {
			t.Why = e.event
		}
		if err := t.Check(); err != nil {
			return answer{http.StatusBadRequest, "malformed", err.Error()}
		}
	}
	// The body is not ours to read once this returns, which it may before the
	// transaction ends.
	entry := store.DeliveryEntry{Event: e.event, Action: p.Action, SHA256: store.Sum(body)}
	packed, err := store.Pack(body)
	if err != nil {
		log.Error("compress delivery", "error", err)
		return answer{http.StatusInternalServerError, "failed", "the delivery could not be stored"}
	}
	duplicate := false
	err = h.o.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		duplicate, err = tx.AddDelivery(ctx, store.Delivery{GUID: e.guid, Event: e.event, Action: p.Action, Ref: v.ref, ReceivedAt: now}, packed)
		if err != nil || duplicate {
			return err
		}
		if err := h.store(ctx, tx, e, v, now); err != nil {
			return err
		}
		return tx.AuditDelivery(ctx, v.ref, e.guid, fact.Login(p.Sender.Login), now, entry)
	})
	switch {
	case err != nil:
		log.Error("store delivery", "error", err)
		return answer{http.StatusInternalServerError, "failed", "the delivery could not be stored"}
	case duplicate:
		return answer{http.StatusAccepted, "duplicate", "it was processed before"}
	}
	return answer{http.StatusAccepted, "queued", v.Why}
}

// stale reports whether an echo is of an older generation than the latest
// decision's, and of another check than the one that is to stand by it: a write
// that was overtaken, and came last. One that is merely older is what an
// unchanged outcome leaves standing.
func (h *receiver) stale(ctx context.Context, v verdict) (bool, error) {
	known, standing, err := h.o.Store.Standing(ctx, v.ref)
	return err == nil && v.generation < known && v.echo != standing, err
}

// store records what the delivery tells and enqueues what it calls for.
func (h *receiver) store(ctx context.Context, tx *store.Tx, e envelope, v verdict, now time.Time) error {
	if v.pull != nil {
		if err := tx.SeePull(ctx, *v.pull); err != nil {
			return err
		}
	}
	if v.review != 0 {
		if err := tx.AddReviewCommit(ctx, v.ref, v.review, v.reviewSHA); err != nil {
			return err
		}
	}
	if v.teamsOf != "" {
		if err := tx.InvalidateTeams(ctx, v.ref.Installation, v.teamsOf); err != nil {
			return err
		}
	}
	if v.uninstall {
		if err := tx.DropInstallation(ctx, v.ref.Installation); err != nil {
			return err
		}
	}
	for _, r := range v.added {
		owner, name := r.names()
		if owner == "" || name == "" {
			continue
		}
		if err := tx.AddRepository(ctx, v.ref.Installation, owner, name); err != nil {
			return err
		}
	}
	for _, r := range v.removed {
		owner, name := r.names()
		if err := tx.DropRepository(ctx, owner, name); err != nil {
			return err
		}
	}
	if len(v.targets) == 0 {
		return tx.DeliveryDone(ctx, e.guid, now)
	}
	if err := h.o.Queue.Enqueue(ctx, tx, v.targets...); err != nil {
		return fmt.Errorf("%s: %w", e.event, err)
	}
	return nil
}
