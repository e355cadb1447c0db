package cpu

import "github.com/impasto-go/impasto/tensor/internal/f32"

// pool keeps freed memory. Small spans wait for a request of their size. Large
// ones are cut from regions and joined again, so that few large tensors and many
// smaller ones, such as those of a network's deep layers, use the same memory by
// turns.
type pool struct {
	small   map[int][]*span
	regions []*span             // the first of each
	size    int                 // of all regions
	spare   []*span             // without memory
	sums    map[int][][]float64 // of planeStats
}

// span is memory of a tensor, in use or free. A large one has neighbors in its
// region; two that are free do not meet.
type span struct {
	mem        []float32 // if large, slack included
	free       bool
	prev, next *span
}

// largeSpan is the number of floats from which on a span is cut from a region.
const largeSpan = 256 << 10

// take returns a span for n floats and slack.
func (p *pool) take(n int) *span {
	if n < largeSpan {
		if list := p.small[n]; len(list) > 0 {
			p.small[n] = list[:len(list)-1]
			return list[len(list)-1]
		}
		return &span{mem: alignedFloats(n)}
	}
	n = (n + slack + f32.Lanes - 1) / f32.Lanes * f32.Lanes
	s := p.fit(n)
	if s == nil {
		s = p.grow(n)
	}
	s.free = false
	if len(s.mem) >= n+largeSpan {
		p.split(s, n)
	}
	return s
}

// fit returns the smallest free span of at least n floats, or nil. Of equals it is
// the first: where tensors lie is the same in every step.
func (p *pool) fit(n int) (best *span) {
	for _, s := range p.regions {
		for ; s != nil; s = s.next {
			if s.free && len(s.mem) >= n && (best == nil || len(s.mem) < len(best.mem)) {
				best = s
			}
		}
	}
	return best
}

// grow adds a region with room for n floats. Small regions would be cut to where
// nothing large fits, so each is at least half as large as all before; what is
// never used of it is never touched, and takes no memory on most systems.
func (p *pool) grow(n int) *span {
	s := &span{mem: alignedFloats(max(n, p.size/2))}
	p.regions = append(p.regions, s)
	p.size += len(s.mem)
	return s
}

// split leaves n floats in s and the rest in a free span after it.
func (p *pool) split(s *span, n int) {
	var rest *span
	if last := len(p.spare) - 1; last >= 0 {
		rest, p.spare = p.spare[last], p.spare[:last]
	} else {
		rest = new(span)
	}
	*rest = span{mem: s.mem[n:], free: true, prev: s, next: s.next}
	if s.next != nil {
		s.next.prev = rest
	}
	s.mem, s.next = s.mem[:n], rest
}

// give takes s back.
func (p *pool) give(s *span) {
	if n := len(s.mem); n < largeSpan {
		if p.small == nil {
			p.small = map[int][]*span{}
		}
		p.small[n] = append(p.small[n], s)
		return
	}
	s.free = true
	if s.next != nil && s.next.free {
		p.join(s)
	}
	if s.prev != nil && s.prev.free {
		p.join(s.prev)
	}
}

// join adds the span after s to s.
func (p *pool) join(s *span) {
	next := s.next
	s.mem = s.mem[:len(s.mem)+len(next.mem)]
	if s.next = next.next; s.next != nil {
		s.next.prev = s
	}
	*next = span{}
	p.spare = append(p.spare, next)
}
