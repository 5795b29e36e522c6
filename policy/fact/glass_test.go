package fact_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

func TestANoteIsReadBackFromItsComment(t *testing.T) {
	n := fact.GlassNote{Kind: fact.GlassBroken, Comment: 7, By: "bo", Second: "mia", At: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Head: "abc", Issue: 9, Turn: 2}
	for _, body := range []string{n.Marker(), n.Marker() + "\ntext", "<!-- rolecall:reply:7 -->\n" + n.Marker() + "\r\ntext"} {
		if got, ok := fact.ParseGlassNote(body); !ok || got != n {
			t.Errorf("%q: %+v %v", body, got, ok)
		}
	}
	for _, body := range []string{
		"", "text", "a\nb\n" + n.Marker(), "text " + n.Marker(), "<!-- rolecall:glass:{} -->", "<!-- rolecall:glass:{\"kind\":1} -->", "<!-- rolecall:glass:{\"kind\":\"broken\"}",
	} {
		if got, ok := fact.ParseGlassNote(body); ok {
			t.Errorf("%q is a note: %+v", body, got)
		}
	}
	odd := fact.GlassNote{Kind: fact.GlassAsked, By: "x --> <b>\n"}
	if m := odd.Marker(); strings.Count(m, "-->") != 1 || strings.Contains(m, "\n") {
		t.Errorf("a login gets out of the comment: %s", m)
	}
}

func FuzzParseGlassNote(f *testing.F) {
	f.Add("<!-- rolecall:glass:{\"kind\":\"broken\",\"by\":\"bo\"} -->\nx")
	f.Fuzz(func(t *testing.T, body string) {
		n, ok := fact.ParseGlassNote(body)
		if !ok {
			return
		}
		if again, ok := fact.ParseGlassNote(n.Marker()); !ok || !again.At.Equal(n.At) || again.By != n.By || again.Head != n.Head {
			t.Errorf("%+v comes back as %+v", n, again)
		}
	})
}
