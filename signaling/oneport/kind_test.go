package oneport

import "testing"

func TestKindOfEveryByte(t *testing.T) {
	for first := range 256 {
		want := kindUnknown
		switch {
		case first == 0x16:
			want = kindTLS
		case first >= 'A' && first <= 'Z':
			want = kindHTTP
		case first <= 5:
			want = kindICE
		}
		if got := kindOf(byte(first)); got != want {
			t.Errorf("%#02x: %d, want %d", first, got, want)
		}
	}
}
