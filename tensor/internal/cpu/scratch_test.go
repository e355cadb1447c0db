package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// growTask has one worker alone need memory.
type growTask struct {
	scratch []scratch
	worker  int
}

func (t *growTask) do(int, int) {
	s := &t.scratch[t.worker]
	s.floats(slotRows, 5000)
	s.floats(slotRows, 7000)
	s.offsets(70)
	s.doubles(90)
}

// TestLevel: what one worker needed, all have after the region, so that whoever does
// such a part next allocates nothing; slots that nobody used stay empty.
func TestLevel(t *testing.T) {
	b := New(Options{Threads: 3})
	defer b.Close()
	for _, paced := range []bool{false, true} {
		if paced {
			b.Pace(func(left int) int { return left })
		}
		for worker := range 3 {
			b.scratch = make([]scratch, 3)
			b.run(1, &growTask{b.scratch, worker})
			for i := range b.scratch {
				require.Zero(t, testing.AllocsPerRun(1, func() { (&growTask{b.scratch, i}).do(0, 0) }))
				require.False(t, b.scratch[i].grown)
				require.Nil(t, b.scratch[i].slots[slotTile])
			}
		}
	}
}
