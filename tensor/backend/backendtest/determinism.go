package backendtest

import (
	"runtime"

	"github.com/impasto-go/impasto/tensor/backend"
)

// twice checks that a second run of the same calls, in memory that the first has
// used, gives the same bits.
func twice(h *harness) {
	calls := h.sample()
	first := h.results(h.b, calls)
	for i, again := range h.results(h.b, calls) {
		for o := range min(len(again), len(first[i])) {
			if !sameBits(again[o], first[i][o]) {
				h.errorf("%v: result %d of a second run is different", &calls[i], o)
			}
		}
	}
}

// threadCounts checks that results are the same bits whatever GOMAXPROCS was when
// the backend was opened.
func threadCounts(h *harness) {
	calls := append(h.sample(), largeCalls()...)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first [][][]float32
	for _, threads := range []int{1, 2, 3, 5} {
		runtime.GOMAXPROCS(threads)
		b := h.open(h.t)
		results := h.results(b, calls)
		closeBackend(h.t, b)
		if first == nil {
			first = results
			continue
		}
		for i := range calls {
			for o := range min(len(results[i]), len(first[i])) {
				if !sameBits(results[i][o], first[i][o]) {
					h.errorf("%v: result %d with %d threads is different from that with one", &calls[i], o, threads)
				}
			}
		}
	}
}

// results evaluates all calls.
func (h *harness) results(b backend.Backend, calls []call) [][][]float32 {
	all := make([][][]float32, len(calls))
	for i, c := range calls {
		all[i] = h.eval(b, &c)
	}
	if err := b.Sync(); err != nil {
		h.errorf("Sync: %v", err)
	}
	return all
}

// largeCalls are worth dividing among threads, unlike most of the suite.
func largeCalls() []call {
	g := newGen("Large")
	s := backend.Shape{2, 32, 29, 43}
	calls := convCalls(g, convRow{s, 17, 3, 3, backend.Conv{Stride: 1, Pad: 1}})
	calls = append(calls, convCalls(g, convRow{backend.Shape{1, 3, 66, 67}, 8, 9, 9, backend.Conv{Stride: 1}})...)
	calls = append(calls, normCalls(g, g.normal(s))...)
	calls = append(calls, gramCalls(g, s)...)
	calls = append(calls, mseCalls(g, s)...)
	calls = append(calls, meanCalls(g, s, 1)...)
	calls = append(calls, charbonnierCalls(g, s, 1)...)
	calls = append(calls, totalVariationCalls(g, s, 1)...)
	calls = append(calls, absVariationCalls(g, s, 1)...)
	calls = append(calls, warpCalls(g, s, 50, 40)...)
	calls = append(calls, padCalls(g, s, 4)...)
	calls = append(calls, poolCalls(g, g.normal(s))...)
	return append(calls, elementwiseCalls(g, s)...)
}
