package cpu

import "github.com/impasto-go/impasto/tensor/internal/f32"

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

// streams reports whether results that are put in data, or added with add, are
// streamed.
func (b *Backend) streams(data []float32, add bool) bool {
	return !add && len(data) >= b.streamFrom
}

// outletTo returns the outlet to data, to which results are added with add, for
// planes of rows that take n floats each.
func (b *Backend) outletTo(data []float32, rows, n int, add bool) outlet {
	o := outlet{scratch: b.scratch, streams: b.streams(data, add), rows: rows}
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

// piece is the rows from:to of a plane, of a part that ends with row end.
type piece struct{ plane, from, to, end int }

// before returns an empty piece before the first of part i.
func (o *outlet) before(i int) piece {
	from := i % o.perPlane() * o.part
	return piece{i / o.perPlane(), from, from, min(from+o.part, o.rows)}
}

// next moves p on. After the last piece, others may look at the results.
func (o *outlet) next(p *piece) bool {
	p.from, p.to = p.to, min(p.to+o.piece, p.end)
	if p.from == p.end {
		o.end()
	}
	return p.from < p.end
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

// end makes what was streamed visible to other threads.
func (o *outlet) end() {
	if o.streams {
		f32.Streamed()
	}
}
