package githubtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// deliveryTimeout is how long GitHub waits for an answer.
// https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks#respond-within-10-seconds
const deliveryTimeout = 10 * time.Second

// deliveriesKept is how long deliveries stay in an App's log.
// https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
const deliveriesKept = 3 * 24 * time.Hour

// Delivery is one attempt to send an event to an App, as its log has it.
type Delivery struct {
	ID           int64
	GUID         string // the same for every attempt of one event
	Event        string
	Action       string
	App          string // slug
	Installation int64
	Repository   int64 // ID, 0 for none
	At           time.Time
	Redelivery   bool
	Duration     time.Duration
	StatusCode   int    // 0 where nothing was answered
	Status       string // "OK", or what went wrong
	Done         bool   // the attempt has ended
	Payload      []byte
	Headers      http.Header // as sent, without the signatures
	Answer       []byte
}

// Disturbance is what happens to deliveries on their way. The zero value is
// none: each event is sent once, at once, in order.
type Disturbance struct {
	// Choose, when set, decides for each delivery alone; the other fields are
	// then not looked at. Its fields Drop, Copies and Delay count.
	Choose func(Delivery) Disturbance
	Drop   bool          // never sent; the log shows it as failed
	Copies int           // sent that many more times, with the same GUID
	Delay  time.Duration // sent that much later; others may overtake it
}

// attempt is a delivery and where it goes.
type attempt struct {
	Delivery
	app    *App
	hook   *hook
	secret string
	copies int
	delay  time.Duration
	drop   bool
}

// postOffice sends deliveries in their order, several at once, so that they
// may overtake each other as GitHub's do (behaviour 20).
type postOffice struct {
	s       *Server
	client  *http.Client
	timeout time.Duration
	mu      sync.Mutex
	log     []*attempt
	byID    map[int64]*attempt
	pending int           // attempts that have not ended
	idle    chan struct{} // closed when pending falls to 0
	ready   []*attempt    // to be sent now
	wake    *sync.Cond    // on mu, for ready and closed
	closed  bool
	disturb Disturbance
	held    []*attempt
	holding bool
	workers sync.WaitGroup
}

// payloadsKept is how many of the latest deliveries keep their payload where
// they went through, so that load does not fill the memory. Older ones cannot
// be sent again.
const payloadsKept = 5_000

// deliverers is how many deliveries are under way at once.
const deliverers = 16

func (p *postOffice) init(s *Server) {
	p.s, p.timeout = s, cmp.Or(s.o.DeliveryTimeout, deliveryTimeout)
	p.client = &http.Client{
		Timeout:       p.timeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: deliverers},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p.byID = map[int64]*attempt{}
	p.wake = sync.NewCond(&p.mu)
	for range deliverers {
		p.workers.Add(1)
		go func() {
			defer p.workers.Done()
			for {
				a := p.next()
				if a == nil {
					return
				}
				p.send(a)
			}
		}()
	}
}

// next waits for something to send; nil when the office has closed.
func (p *postOffice) next() *attempt {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.ready) == 0 && !p.closed {
		p.wake.Wait()
	}
	if p.closed {
		return nil
	}
	a := p.ready[0]
	p.ready = p.ready[1:]
	return a
}

func (p *postOffice) stop() {
	p.mu.Lock()
	p.closed = true
	p.wake.Broadcast()
	p.mu.Unlock()
	p.workers.Wait()
	p.client.CloseIdleConnections()
}

// DeliverTo sets where the App's events go: none, one or several addresses.
// Events from before are not sent. Connections to former addresses are closed,
// so that whoever served there need not wait for them.
func (a *App) DeliverTo(urls ...string) {
	defer a.s.lock()()
	a.s.post.client.CloseIdleConnections()
	a.hooks = nil
	for _, u := range urls {
		a.hooks = append(a.hooks, &hook{id: a.s.nextID(), url: u})
	}
}

// Ping sends the App a ping.
func (a *App) Ping() {
	defer a.s.lock()()
	for _, h := range a.hooks {
		a.s.emitPing(a, h)
	}
}

func (s *Server) emitPing(a *App, h *hook) {
	events := slices.DeleteFunc(slices.Sorted(maps.Keys(a.events)), func(e string) bool {
		return e == "merge_group" // behaviour 14
	})
	body := object{
		"zen": "Approachable is better than simple.", "hook_id": h.id,
		"hook": object{
			"type": "App", "id": h.id, "name": "web", "active": true, "app_id": a.id, "events": events,
			"config":     object{"content_type": "json", "url": h.url, "insecure_ssl": "0", "secret": "********"},
			"updated_at": stamp(s.now()), "created_at": stamp(s.now()), "url": s.api("/app/hook"), "ping_url": s.api("/app/hook/pings"),
			"deliveries_url": s.api("/app/hook/deliveries"),
		},
	}
	s.dispatch(a, nil, webhook{event: "ping"}, body, []*hook{h})
}

// deliver sends an event to all of an App's addresses. The lock is held.
func (s *Server) deliver(a *App, i *Installation, w webhook, payload object) {
	s.dispatch(a, i, w, payload, a.hooks)
}

func (s *Server) dispatch(a *App, i *Installation, w webhook, payload object, hooks []*hook) {
	body, err := marshal(payload)
	if err != nil {
		s.problem("webhook %s.%s: %v", w.event, w.action, err)
		return
	}
	s.check.webhook(s, w, body)
	guid := newGUID()
	for _, h := range hooks {
		d := Delivery{
			ID: s.nextID(), GUID: guid, Event: w.event, Action: w.action, App: a.slug, At: s.now(), Payload: body,
			Headers: http.Header{
				"X-Github-Event": {w.event}, "X-Github-Delivery": {guid}, "X-Github-Hook-Id": {fmt.Sprint(h.id)},
				"X-Github-Hook-Installation-Target-Type": {"integration"}, "X-Github-Hook-Installation-Target-Id": {fmt.Sprint(a.id)},
				"User-Agent": {"GitHub-Hookshot/fake"}, "Content-Type": {"application/json"}, "Accept": {"*/*"},
			},
		}
		if i != nil {
			d.Installation = i.id
		}
		if w.repo != nil {
			d.Repository = w.repo.id
		}
		s.post.add(&attempt{Delivery: d, app: a, hook: h, secret: a.secret})
	}
}

func newGUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// add logs an attempt and sends it on its way.
func (p *postOffice) add(a *attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.disturb
	if d.Choose != nil {
		d = d.Choose(a.Delivery)
	}
	if !a.Redelivery {
		a.drop, a.copies, a.delay = d.Drop, d.Copies, d.Delay
	}
	p.log = append(p.log, a)
	if n := len(p.log); n > payloadsKept {
		if old := p.log[n-payloadsKept-1]; old.Done && old.Status == "OK" {
			old.Payload = nil
		}
	}
	p.byID[a.ID] = a
	if len(p.log) > 200_000 {
		for _, old := range p.log[:100_000] {
			delete(p.byID, old.ID)
		}
		p.log = append([]*attempt(nil), p.log[100_000:]...)
	}
	if a.drop {
		a.Done, a.Status = true, "failed to connect to host"
		return
	}
	if p.pending == 0 {
		p.idle = make(chan struct{})
	}
	p.pending += 1 + a.copies
	if p.holding {
		p.held = append(p.held, a)
		return
	}
	p.start(a)
}

// start makes an attempt and its copies ready, now or after its delay.
func (p *postOffice) start(a *attempt) {
	for range 1 + a.copies {
		if a.delay > 0 {
			time.AfterFunc(a.delay, func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.ready = append(p.ready, a)
				p.wake.Signal()
			})
			continue
		}
		p.ready = append(p.ready, a)
		p.wake.Signal()
	}
}

// send makes the attempt.
func (p *postOffice) send(a *attempt) {
	started := time.Now()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, a.hook.url, bytes.NewReader(a.Payload))
	var status int
	var answer []byte
	if err == nil {
		r.Header = a.Headers.Clone()
		if a.secret != "" {
			r.Header.Set("X-Hub-Signature", "sha1="+sign(sha1.New, a.secret, a.Payload))
			r.Header.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, a.secret, a.Payload))
		}
		var resp *http.Response
		if resp, err = p.client.Do(r); err == nil {
			status = resp.StatusCode
			answer, _ = io.ReadAll(io.LimitReader(resp.Body, 64<<10))
			resp.Body.Close()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a.Done, a.StatusCode, a.Answer, a.Duration = true, status, answer, time.Since(started)
	switch {
	case err != nil && a.Duration >= p.timeout:
		a.Status = "timed out"
	case err != nil:
		a.Status = "failed to connect to host"
	case status >= 200 && status < 300:
		a.Status = "OK"
	default:
		a.Status = fmt.Sprintf("Invalid HTTP Response: %d", status)
	}
	p.pending--
	if p.pending == 0 {
		close(p.idle)
	}
}

func sign(h func() hash.Hash, secret string, body []byte) string {
	m := hmac.New(h, []byte(secret))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// Disturb sets what happens to deliveries from now on.
func (s *Server) Disturb(d Disturbance) {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.disturb = d
}

// Hold keeps deliveries back until Release lets them go.
func (s *Server) Hold() {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.holding = true
}

// Release lets go what Hold kept back, in an order that reorder decides where
// it is given: it is called with the deliveries, oldest first, and returns
// those to send.
func (s *Server) Release(reorder ...func([]Delivery) []Delivery) {
	p := &s.post
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding = false
	held := p.held
	p.held = nil
	if len(reorder) > 0 {
		byID := map[int64]*attempt{}
		var list []Delivery
		for _, a := range held {
			byID[a.ID] = a
			list = append(list, a.Delivery)
		}
		held = nil
		for _, d := range reorder[0](list) {
			held = append(held, byID[d.ID])
			delete(byID, d.ID)
		}
		for _, a := range byID {
			a.Done, a.Status = true, "failed to connect to host"
			p.pending -= 1 + a.copies
		}
		if p.pending == 0 && p.idle != nil && len(byID) > 0 {
			close(p.idle)
		}
	}
	for _, a := range held {
		p.start(a)
	}
}

// WaitDelivered waits until every delivery so far has been answered or has
// failed.
func (s *Server) WaitDelivered(ctx context.Context) error {
	for {
		s.post.mu.Lock()
		pending, idle := s.post.pending, s.post.idle
		s.post.mu.Unlock()
		if pending == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("%d deliveries are under way: %w", pending, ctx.Err())
		}
	}
}

// Flush waits until every delivery so far has been answered or has failed, at
// most as long as GitHub itself would.
func (s *Server) Flush() {
	ctx, cancel := context.WithTimeout(context.Background(), deliveryTimeout+time.Second)
	defer cancel()
	if err := s.WaitDelivered(ctx); err != nil && s.tb != nil {
		s.tb.Errorf("githubtest: %v", err)
	}
}

// Deliveries lists the attempts so far, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	out := make([]Delivery, 0, len(s.post.log))
	for _, a := range s.post.log {
		out = append(out, a.Delivery)
	}
	return out
}

// Redeliver sends a delivery again, with its GUID and payload, as the button
// and the API do. ok is false where there is none of that ID.
func (s *Server) Redeliver(id int64) (ok bool) {
	defer s.lock()()
	return s.redeliver(id) != nil
}

func (s *Server) redeliver(id int64) *attempt {
	s.post.mu.Lock()
	old := s.post.byID[id]
	var before Delivery
	if old != nil {
		before = old.Delivery
	}
	s.post.mu.Unlock()
	if len(before.Payload) == 0 {
		return nil
	}
	a := &attempt{app: old.app, hook: old.hook, secret: old.app.secret, Delivery: before}
	if len(old.app.hooks) > 0 {
		a.hook = old.app.hooks[0]
	}
	a.ID, a.At, a.Redelivery, a.Done = s.nextID(), s.now(), true, false
	a.Status, a.StatusCode, a.Answer, a.Duration = "", 0, nil, 0
	s.post.add(a)
	return a
}
