package safetensors

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// entryCost is what one tensor or metadata entry costs at most besides its
// strings: its place in slices and maps that grow by doubling.
const entryCost = 512

// parser reads the JSON of a header: exactly the values that the format allows
// and every key once, which encoding/json does not check. The first error sticks
// and moves to the end.
type parser struct {
	b      []byte
	at     int
	err    error
	budget *tensorio.Budget
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: header, byte %d: %s", ErrCorrupt, p.at, fmt.Sprintf(format, args...))
	}
	p.at = len(p.b)
}

func (p *parser) take(n int) {
	if err := p.budget.Take(int64(n), "the header"); err != nil && p.err == nil {
		p.err = err
		p.at = len(p.b)
	}
}

// peek returns the next byte after white space, or 0 at the end.
func (p *parser) peek() byte {
	for p.at < len(p.b) {
		switch c := p.b[p.at]; c {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return c
		}
	}
	return 0
}

func (p *parser) expect(c byte) {
	if p.peek() != c {
		p.fail("%q expected", c)
		return
	}
	p.at++
}

// list calls item for the members of an object or array between open and close.
func (p *parser) list(open, close byte, item func()) {
	p.expect(open)
	if p.peek() == close {
		p.at++
		return
	}
	for p.err == nil {
		item()
		if p.peek() != ',' {
			break
		}
		p.at++
	}
	p.expect(close)
}

// object calls value for each key, which must be unique.
func (p *parser) object(value func(key string)) {
	seen := map[string]bool{}
	p.list('{', '}', func() {
		p.take(entryCost)
		key := p.str()
		if seen[key] {
			p.fail("the key %.80q occurs twice", key)
		}
		seen[key] = true
		p.expect(':')
		value(key)
	})
}

func (p *parser) str() string {
	p.expect('"')
	start := p.at
	escaped := false
	for p.at < len(p.b) && p.b[p.at] != '"' {
		if p.b[p.at] == '\\' {
			escaped = true
			p.at++
		}
		p.at++
	}
	if p.at >= len(p.b) {
		p.fail("a string does not end")
		return ""
	}
	raw := p.b[start:p.at]
	p.at++
	if !utf8.Valid(raw) {
		p.fail("a string is not valid UTF-8")
		return ""
	}
	if escaped {
		p.take(8 * len(raw)) // what json.Unmarshal may allocate
		var s string
		if p.err != nil {
			return ""
		}
		if err := json.Unmarshal(p.b[start-1:p.at], &s); err != nil {
			p.fail("a string is not valid JSON")
		}
		return s
	}
	p.take(len(raw))
	if p.err != nil {
		return ""
	}
	s := string(raw)
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		p.fail("a string contains a control character")
	}
	return s
}

// number reads an integer >= 0, which is all the format allows.
func (p *parser) number() int64 {
	first := p.peek()
	start, n := p.at, int64(0)
	for p.at < len(p.b) && p.b[p.at] >= '0' && p.b[p.at] <= '9' {
		digit := int64(p.b[p.at] - '0')
		if n > (math.MaxInt-digit)/10 {
			p.fail("a number is too large")
			return 0
		}
		n = 10*n + digit
		p.at++
	}
	if p.at == start || first == '0' && p.at > start+1 {
		p.fail("a number >= 0 expected")
	}
	return n
}

// maxRank is the most dimensions a tensor has, as in PyTorch.
const maxRank = 64

func (p *parser) numbers() []int64 {
	var ns []int64
	p.list('[', ']', func() {
		if len(ns) == maxRank {
			p.fail("more than %d numbers", maxRank)
		}
		p.take(64)
		ns = append(ns, p.number())
	})
	return ns
}

// header parses everything into h.
func (p *parser) header(h *header) error {
	if len(p.b) == 0 || p.b[0] != '{' {
		p.fail("'{' expected")
	}
	p.object(func(key string) {
		if key != "__metadata__" {
			h.entries = append(h.entries, p.entry(key))
			return
		}
		h.metadata = map[string]string{}
		p.object(func(key string) { h.metadata[key] = p.str() })
	})
	if p.peek(); p.at < len(p.b) {
		p.fail("text after the header's end")
	}
	return p.err
}

// entry parses one tensor's description.
func (p *parser) entry(name string) entry {
	e := entry{name: name, shape: []int{}}
	fields := 0
	p.object(func(key string) {
		fields++
		switch key {
		case "dtype":
			e.dtype = p.str()
		case "shape":
			for _, n := range p.numbers() {
				e.shape = append(e.shape, int(n))
			}
		case "data_offsets":
			ns := p.numbers()
			if len(ns) != 2 {
				p.fail("tensor %.80q: data_offsets needs two numbers", name)
				return
			}
			e.begin, e.end = ns[0], ns[1]
		default:
			p.fail("tensor %.80q: unknown field %.80q", name, key)
		}
	})
	if fields != 3 {
		p.fail("tensor %.80q: dtype, shape and data_offsets expected", name)
	}
	return e
}
