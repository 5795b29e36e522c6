package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/recovery"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy"
)

// outage has nobody receive deliveries while much happens, for an hour by
// GitHub's clock, and returns the pull requests that it happened to.
func (w *world) outage() []*githubtest.Pull {
	w.t.Helper()
	var all []*githubtest.Pull
	for i := range 5 {
		pr := w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d\n", goBefore, i)})
		if i%2 == 0 {
			pr.Approve("ana")
		}
		all = append(all, pr)
	}
	w.settle()
	w.pass(2 * time.Minute)
	w.gh.Disturb(githubtest.Disturbance{Drop: true})
	all[0].Dismiss("ana", "mia")
	all[1].Approve("bo")
	all[2].Push("dan", githubtest.Files{"main.go": goBefore + "// pushed\n"})
	all[3].Comment("dan", "/help")
	all[4].Label("mia", "security")
	w.pass(30 * time.Minute)
	for i := range 3 {
		all = append(all, w.open("eve", githubtest.Files{"main.go": fmt.Sprintf("%s// new %d\n", goBefore, i)}))
	}
	all[6].Approve("cy")
	w.pass(30 * time.Minute)
	w.gh.Flush()
	w.gh.Disturb(githubtest.Disturbance{})
	for _, pr := range []*githubtest.Pull{all[0], all[1], all[2], all[3], all[4]} {
		if _, left := w.left(pr); len(left) == 0 {
			w.t.Fatalf("#%d was not touched by the outage", pr.Number())
		}
	}
	return all
}

func TestFailedDeliveriesAreSentAgainOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := w.outage()
		failed := 0
		for _, d := range w.gh.Deliveries() {
			if d.Status != "OK" {
				failed++
			}
		}
		w.gh.ResetCalls()
		for range 3 { // once is enough, and more does no more
			if err := w.server.recovery.Deliveries(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.settle()
		}
		for _, pr := range all {
			w.fresh(pr)
			w.noDuplicates(pr)
		}
		if n := len(w.gh.CallsOf("apps/redeliver-webhook-delivery")); n != failed {
			t.Errorf("%d deliveries were asked for again, %d had failed", n, failed)
		}
		// Who pushed is told by deliveries alone.
		if pushes, err := w.server.store.Pushes(t.Context(), w.ref(all[2])); err != nil || len(pushes) != 1 {
			t.Errorf("pushes %v, %v", pushes, err)
		}
		// What came another way meanwhile is left alone.
		w.gh.Disturb(githubtest.Disturbance{Drop: true})
		all[0].Label("mia", "docs")
		w.gh.Disturb(githubtest.Disturbance{})
		list := w.gh.Deliveries()
		w.gh.Redeliver(list[len(list)-1].ID)
		w.settle()
		w.gh.ResetCalls()
		if err := w.server.recovery.Deliveries(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(w.gh.CallsOf("apps/redeliver-webhook-delivery")); n != 0 {
			t.Errorf("%d were asked for that had come", n)
		}
	})
}

func TestASweepFindsWhatNoDeliveryTellsAndCostsLittleWhereNothingMoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := w.outage()
		w.pass(4 * 24 * time.Hour) // GitHub's log no longer has them
		sweep := recovery.New(recovery.Options{App: w.app(), Store: w.server.store, Sweep: time.Nanosecond})
		sweep.Use(w.server.queue)
		if err := sweep.Deliveries(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := sweep.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, pr := range all {
			w.fresh(pr)
			w.noDuplicates(pr)
		}
		// rolecall's own writes have moved them on, by GitHub's clock, which
		// is ahead here; the second sweep may look once more.
		for range 2 {
			w.pass(time.Minute)
			if err := sweep.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.settle()
		}
		calls := w.calls(func() {
			if err := sweep.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
		if len(calls) > 2 || len(githubtest.Writes(calls)) > 0 {
			t.Errorf("a sweep over nothing new cost %d calls: %+v", len(calls), calls)
		}

		// A policy that changed unheard is as good as a push that was heard.
		w.gh.Disturb(githubtest.Disturbance{Drop: true})
		w.repo.Commit("main", "Another", githubtest.Files{policy.RepoPath: policyText + "\nrule \"all\" {\n  require \"manager\" {}\n}\n"})
		w.gh.Flush()
		w.gh.Disturb(githubtest.Disturbance{})
		if err := sweep.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.expect(all[6], "in_progress", "Manager")
	})
}

func TestAWipedDatabaseIsFilledAgainByASweep(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := w.outage()
		w.wipe()
		sweep := recovery.New(recovery.Options{App: w.app(), Store: w.server.store, Sweep: time.Nanosecond})
		sweep.Use(w.server.queue)
		if err := sweep.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, pr := range all {
			w.fresh(pr)
		}
	})
}

func TestWhatWasNotLookedAtForLongIsLookedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	pr := w.open("dan", githubtest.Files{"main.go": goBefore})
	w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
	before, _, err := w.server.store.LatestDecision(t.Context(), w.ref(pr))
	if err != nil {
		t.Fatal(err)
	}
	sweep := recovery.New(recovery.Options{App: w.app(), Store: w.server.store, Sweep: time.Hour, Stale: time.Nanosecond})
	sweep.Use(w.server.queue)
	if err := sweep.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.settle()
	after, _, err := w.server.store.LatestDecision(t.Context(), w.ref(pr))
	if err != nil || after.Generation <= before.Generation {
		t.Errorf("decision %d after %d, %v", after.Generation, before.Generation, err)
	}
}

// The receiver is down for an hour while things happen, and is started again:
// the real process puts all right by itself.
func TestAReceiverThatWasDownPutsAllRightByItself(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		w := newWorld(t, url, policyText, githubtest.Options{})
		all := w.outage()
		w.stop()
		addr := freeAddr(t)
		w.gh.App().DeliverTo("http://" + addr + "/webhook")
		w.launch(addr)
		within(t, recoveryTime(url), "all is right", func() bool {
			for _, pr := range all {
				if _, left := w.left(pr); len(left) > 0 {
					return false
				}
			}
			return true
		})
	})
}
