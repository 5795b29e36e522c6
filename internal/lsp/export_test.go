package lsp

import "github.com/rolecall/rolecall/policy"

// Probe asks everything that an editor can ask about a place.
func Probe(text string, offset int) (labels []string) {
	s := &server{schema: policy.NewSchema(), snippets: true}
	d := newDocument("file:///x/.github/rolecall.hcl", 1, bounded(text))
	for _, i := range s.complete(d, d.offset(d.position(offset))) {
		labels = append(labels, i.Label)
	}
	s.hover(d, min(offset, len(d.text)))
	s.define(d, min(offset, len(d.text)))
	d.symbols()
	d.formatted()
	return labels
}

// Places turns a byte into a position and back.
func Places(text string, offset int) int {
	d := newDocument("", 1, text)
	return d.offset(d.position(offset))
}

// Check is what the editor is shown of a file, as texts.
func Check(uri, text string) (messages []string) {
	s := &server{documents: map[string]*document{}}
	for _, i := range s.check(newDocument(uri, 1, bounded(text))) {
		messages = append(messages, i.Message)
	}
	return messages
}
