package fact

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// lookalikes are letters that are drawn as a Latin one, before case is put
// aside: those of Cyrillic, Greek and Armenian that stand in
// https://www.unicode.org/Public/security/latest/confusables.txt for one.
var lookalikes = func() map[rune]rune {
	out := map[rune]rune{}
	for latin, others := range map[rune]string{
		'a': "аΑαА", 'b': "ВΒЬ", 'c': "сСϲϹ", 'd': "ԁԀ", 'e': "еЕΕҽ", 'f': "ϝƒ", 'g': "ցԌɡ", 'h': "һНΗհҺ", 'i': "іІΙιıӏӀ", 'j': "јЈյϳ",
		'k': "кКΚκ", 'l': "ⅼ", 'm': "МΜмϺ", 'n': "ոΝո", 'o': "оОΟοօՕσ", 'p': "рРΡρ", 'q': "ԛզԚ", 'r': "гꭇ", 's': "ѕЅՏ", 't': "ТΤтτ",
		'u': "սυՍ", 'v': "νѵѴ", 'w': "ԝԜшѡ", 'x': "хХΧχ", 'y': "уУΥγүҮ", 'z': "ΖᴢΖ",
	} {
		for _, r := range others {
			out[r] = latin
		}
	}
	return out
}()

// latin replaces the letters that look like Latin ones.
func latin(s string) string {
	return strings.Map(func(r rune) rune {
		if l, ok := lookalikes[r]; ok {
			return l
		}
		return r
	}, s)
}

// Anything stands in a folded path for an element that may be another's name:
// the short names that Windows makes up for longer ones, as INSTAN~1 for
// instances. No other folded path has it.
const Anything = "\x00"

var shortName = regexp.MustCompile(`(?i)^[^ .~/]{1,6}~[1-9][0-9]{0,4}(\.[^ ./]{1,3})?$`)

// FoldText is [FoldPath] for what is no path but a pattern of paths: what is
// special in it stays.
func FoldText(s string) string {
	return norm.NFKC.String(latin(strings.ToLower(latin(norm.NFKC.String(s)))))
}
