package load

import (
	"encoding/json"
	"math"
)

// Number is a figure, or NaN for one that is not known: null in JSON, which knows
// no NaN.
type Number float64

// unknown is a figure that nothing is known of.
var unknown = Number(math.NaN())

// Known reports whether there is a figure.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) }

// MarshalJSON writes null for what is not known.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = unknown
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}
