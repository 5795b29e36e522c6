package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// signed reports whether header is the signature of body by one of the
// secrets, as X-Hub-Signature-256 carries it. The older SHA-1 header is not
// looked at.
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
func signed(header string, body []byte, secrets [][]byte) bool {
	digits, ok := strings.CutPrefix(header, "sha256=")
	if !ok {
		return false
	}
	sum, err := hex.DecodeString(digits)
	if err != nil || len(sum) != sha256.Size {
		return false
	}
	for _, secret := range secrets {
		m := hmac.New(sha256.New, secret)
		m.Write(body)
		if hmac.Equal(m.Sum(nil), sum) {
			return true
		}
	}
	return false
}
