package cpu

import (
	"reflect"
	"slices"
	"time"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Trace has f look at every region from now on. Tasks are named by their types.
func (b *Backend) Trace(clock func() time.Duration, f func(backend.Region)) {
	b.clock, b.observe = clock, f
}

// traced does the parts of t one after the other, and tells what each took.
func (b *Backend) traced(parts int, t task) {
	b.times = slices.Grow(b.times[:0], parts)[:parts]
	begin := b.clock()
	for i := range parts {
		t.do(i, 0)
		end := b.clock()
		b.times[i] = end - begin
		begin = end
	}
	b.observe(backend.Region{Task: reflect.TypeOf(t).Elem().Name(), Parts: b.times})
}
