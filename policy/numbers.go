package policy

import (
	"errors"
	"math/big"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxExponent bounds numbers to what a float64 holds. cty's own know no bound:
// written out as a text, 1e10000000 alone would take a minute.
const maxExponent = 1024

// arithmetic are the operators on numbers that fail rather than give a number
// without bounds or, for a division by zero, infinity: what fails is in force,
// while infinity would answer a comparison with a plain no.
var arithmetic = map[*hclsyntax.Operation]*hclsyntax.Operation{}

func init() {
	for _, op := range []*hclsyntax.Operation{hclsyntax.OpAdd, hclsyntax.OpSubtract, hclsyntax.OpMultiply, hclsyntax.OpDivide, hclsyntax.OpModulo, hclsyntax.OpNegate} {
		own := *op
		own.Impl = boundedNumber(op.Impl, op == hclsyntax.OpDivide || op == hclsyntax.OpModulo)
		arithmetic[op] = &own
	}
}

// boundedNumber is f, whose result is a number, with an error in place of one
// that is out of bounds; divides is true where the last argument must not be
// zero.
func boundedNumber(f function.Function, divides bool) function.Function {
	params, rest := f.Params(), f.VarParam()
	for i := range params {
		params[i] = param(params[i].Name, params[i].Type)
	}
	if rest != nil {
		plain := param(rest.Name, rest.Type)
		rest = &plain
	}
	return function.New(&function.Spec{
		Params: params, VarParam: rest, Type: function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for _, a := range args {
				if !fits(a) {
					return cty.NilVal, errNumber
				}
			}
			if divides && args[len(args)-1].AsBigFloat().Sign() == 0 {
				return cty.NilVal, errors.New("it divides by zero")
			}
			v, err := f.Call(args)
			if err == nil && !fits(v) {
				return cty.NilVal, errNumber
			}
			return v, err
		},
	})
}

var errNumber = errors.New("the number is too large or too close to zero")

// fits reports whether a known number is within bounds.
func fits(v cty.Value) bool {
	f := v.AsBigFloat()
	return !f.IsInf() && abs(f.MantExp(nil)) <= maxExponent
}

func abs(n int) int { return max(n, -n) }

// numberFits reports whether a number as it is written is within bounds.
func numberFits(text string) bool {
	f, _, err := big.ParseFloat(strings.TrimSpace(text), 10, 512, big.ToNearestEven)
	return err == nil && !f.IsInf() && abs(f.MantExp(nil)) <= maxExponent && len(text) <= 64
}
