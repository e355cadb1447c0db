package cpu

import (
	"iter"

	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// streamFrom is the number of floats from which on a result goes past the caches:
// 24 MiB, of which the next operation would not find much there.
const streamFrom = 6 << 20

// stageSize is how many floats of a result are built at a time before they are
// streamed: so few that the processor computes ahead while it still stores.
const stageSize = 1024

// outlet is the way of an operation's results to their buffer. It cuts the rows of
// a plane into parts, and those of a large buffer further into pieces that are
// built in scratch memory and streamed from there.
type outlet struct {
	scratch []scratch
	streams bool
	rows    int // of a plane
	part    int // rows per part
	piece   int // rows at a time
}

// outletTo returns the outlet to data, to which results are added with add, for
// planes of rows that take n floats each.
func (b *Backend) outletTo(data []float32, rows, n int, add bool) outlet {
	o := outlet{scratch: b.scratch, streams: !add && len(data) >= b.streamFrom, rows: rows}
	o.part = max(1, chunk/n)
	o.piece = o.part
	if o.streams {
		o.piece = max(1, stageSize/n)
	}
	return o
}

// parts returns the number of parts of planes.
func (o *outlet) parts(planes int) int { return planes * o.perPlane() }

func (o *outlet) perPlane() int { return (o.rows + o.part - 1) / o.part }

// pieces returns which plane part i belongs to and its rows, from and to, piece by
// piece.
func (o *outlet) pieces(i int) (plane int, rows iter.Seq2[int, int]) {
	from := i % o.perPlane() * o.part
	end := min(from+o.part, o.rows)
	return i / o.perPlane(), func(yield func(int, int) bool) {
		for ; from < end; from += o.piece {
			if !yield(from, min(from+o.piece, end)) {
				return
			}
		}
		o.end()
	}
}

// open returns where to build what belongs to dst.
func (o *outlet) open(dst []float32, worker int) []float32 {
	if !o.streams {
		return dst
	}
	return o.scratch[worker].floats(slotStage, len(dst))
}

// close moves what was built to dst.
func (o *outlet) close(dst, built []float32) {
	if o.streams {
		f32.Stream(dst, built)
	}
}

// end makes a part's results visible to other threads. Iterating over all pieces
// implies it.
func (o *outlet) end() {
	if o.streams {
		f32.Streamed()
	}
}
