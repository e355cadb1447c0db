package cpu

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestPoolSpans takes and gives spans at random: those in use never overlap, and
// without any the regions are whole again.
func TestPoolSpans(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var p pool
	type taken struct {
		span       *span
		first, end uintptr // with slack
	}
	var live []taken
	give := func(i int) {
		p.give(live[i].span)
		live[i] = live[len(live)-1]
		live = live[:len(live)-1]
	}
	for range 3000 {
		if len(live) > 0 && (rng.IntN(2) == 0 || len(live) > 20) {
			give(rng.IntN(len(live)))
			continue
		}
		n := 1 + rng.IntN(2<<rng.IntN(21))
		s := p.take(n)
		require.GreaterOrEqual(t, cap(s.mem), n+slack)
		first := uintptr(unsafe.Pointer(&s.mem[0]))
		require.Zero(t, first%64)
		end := first + 4*uintptr(n+slack)
		for _, other := range live {
			require.True(t, end <= other.first || other.end <= first, "spans overlap")
		}
		live = append(live, taken{s, first, end})
	}
	for len(live) > 0 {
		give(0)
	}
	require.NotEmpty(t, p.regions)
	for _, s := range p.regions {
		require.True(t, s.free)
		require.Nil(t, s.prev)
		require.Nil(t, s.next, "free neighbors that were not joined")
	}
}

// TestPoolReuses takes one large span and then smaller ones, again and again, in
// the memory of the first.
func TestPoolReuses(t *testing.T) {
	var p pool
	const n = 8 * largeSpan
	for range 3 {
		p.give(p.take(n))
		var parts []*span
		for range 4 {
			parts = append(parts, p.take(n/4-slack))
		}
		for _, i := range []int{2, 0, 3, 1} {
			p.give(parts[i])
		}
	}
	require.Len(t, p.regions, 1)

	before := p.size
	p.take(n)
	p.take(largeSpan)
	require.GreaterOrEqual(t, p.size, before+before/2, "a region that is small beside the first")
}
