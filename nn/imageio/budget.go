package imageio

import "sync"

// Budget bounds the memory of pictures that are decoded at the same time with the
// same Budget in their Options: a decoder waits until there is room for the file
// that it has read, what decoding takes, and the result. It is safe for concurrent
// use.
type Budget struct {
	limit int64
	turn  sync.Mutex // of the one that waits for room, so that none waits for ever
	mu    sync.Mutex
	freed sync.Cond
	used  int64
	held  map[*Image]int64
}

// NewBudget returns a budget of that many bytes; 0 means DefaultMaxMemory.
func NewBudget(bytes int64) *Budget {
	if bytes <= 0 {
		bytes = DefaultMaxMemory
	}
	b := &Budget{limit: bytes, held: map[*Image]int64{}}
	b.freed.L = &b.mu
	return b
}

// acquire waits for n bytes, at most the limit.
func (b *Budget) acquire(n int64) {
	b.turn.Lock()
	defer b.turn.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.used+n > b.limit {
		b.freed.Wait()
	}
	b.used += n
}

// settle gives back n bytes except for those of m, which may be nil.
func (b *Budget) settle(n int64, m *Image) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m != nil {
		left := min(n, int64(cap(m.Pix)+cap(m.Alpha)))
		b.held[m] = left
		n -= left
	}
	b.used -= n
	b.freed.Signal()
}

// Release gives back the memory of m, a picture that was decoded with b. Whoever sets
// Options.Budget calls it when it is done with a picture: others may wait for it. For
// other pictures it does nothing.
func (b *Budget) Release(m *Image) {
	b.mu.Lock()
	n, ok := b.held[m]
	delete(b.held, m)
	b.mu.Unlock()
	if ok {
		b.settle(n, nil)
	}
}
