package graphql

import (
	"encoding/base64"
	"sort"
	"strconv"
	"strings"
)

// cursor names the item at a position of a connection. It is opaque to the
// caller, as GitHub's is.
func (c *Connection) cursor(i int) string {
	key := int64(i)
	if c.Key != nil {
		key = c.Key(i)
	}
	return base64.StdEncoding.EncodeToString([]byte("cursor:v2:" + strconv.FormatInt(key, 10)))
}

// around finds how many items stand before the one that a cursor names, and
// how many up to and with it, whether it is still there or not.
func (c *Connection) around(cursor string) (before, through int, ok bool) {
	text, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		return 0, 0, false
	}
	digits, found := strings.CutPrefix(string(text), "cursor:v2:")
	key, err := strconv.ParseInt(digits, 10, 64)
	if !found || err != nil || key < 0 {
		return 0, 0, false
	}
	at := c.Key
	if at == nil {
		at = func(i int) int64 { return int64(i) }
	}
	before = sort.Search(c.Len, func(i int) bool { return at(i) >= key })
	through = sort.Search(c.Len, func(i int) bool { return at(i) > key })
	return before, through, true
}
