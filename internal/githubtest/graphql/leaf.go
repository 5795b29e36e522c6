package graphql

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

var sha = regexp.MustCompile(`^[0-9a-f]{40}$`)

// leaf writes a scalar or an enum value, checked against its type.
func leaf(to []byte, def *ast.Definition, v any) ([]byte, error) {
	if def.Kind == ast.Enum {
		s, ok := v.(string)
		if !ok || def.EnumValues.ForName(s) == nil {
			return to, fmt.Errorf("%v is no %s", v, def.Name)
		}
		return quote(to, s), nil
	}
	if t, ok := v.(time.Time); ok {
		switch def.Name {
		case "DateTime", "GitTimestamp", "PreciseDateTime":
			if def.Name == "GitTimestamp" {
				return quote(to, t.Format(time.RFC3339)), nil
			}
			return quote(to, t.UTC().Format(time.RFC3339)), nil
		case "Date":
			return quote(to, t.Format(time.DateOnly)), nil
		}
		return to, fmt.Errorf("a time is no %s", def.Name)
	}
	rv := reflect.ValueOf(v)
	switch def.Name {
	case "Int":
		if n, ok := integer(v); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
			return strconv.AppendInt(to, int64(n), 10), nil
		}
	case "Float":
		if rv.CanFloat() {
			return strconv.AppendFloat(to, rv.Float(), 'g', -1, 64), nil
		}
	case "Boolean":
		if rv.Kind() == reflect.Bool {
			return strconv.AppendBool(to, rv.Bool()), nil
		}
	case "BigInt": // GitHub writes it as a string
		if n, ok := integer(v); ok {
			return quote(to, strconv.Itoa(n)), nil
		}
	case "String", "ID", "HTML", "GitObjectID", "URI", "Base64String", "GitRefname", "GitSSHRemote", "X509Certificate":
		if rv.Kind() == reflect.String {
			s := rv.String()
			return quote(to, s), wellFormed(def.Name, s)
		}
	}
	return to, fmt.Errorf("%v (%T) is no %s", v, v, def.Name)
}

func wellFormed(scalar, s string) error {
	ok := true
	switch scalar {
	case "GitObjectID":
		ok = sha.MatchString(s)
	case "ID":
		ok = s != ""
	case "URI":
		u, err := url.Parse(s)
		ok = err == nil && s != "" && (u.IsAbs() || s[0] == '/')
	case "Base64String":
		_, err := base64.StdEncoding.DecodeString(s)
		ok = err == nil
	}
	if !ok {
		return fmt.Errorf("%q is no %s", s, scalar)
	}
	return nil
}

func integer(v any) (int, bool) {
	rv := reflect.ValueOf(v)
	switch {
	case !rv.IsValid():
		return 0, false
	case rv.CanInt():
		return int(rv.Int()), true
	case rv.CanFloat() && rv.Float() == math.Trunc(rv.Float()):
		return int(rv.Float()), true
	}
	return 0, false
}

// quote writes a JSON string.
func quote(to []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			text, _ := json.Marshal(s)
			return append(to, text...)
		}
	}
	to = append(to, '"')
	to = append(to, s...)
	return append(to, '"')
}
