package temporal

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"
)

// Options are the settings of a Layer.
type Options struct {
	// Keep is how much of the picture that was carried over stays when a new one is
	// added, 0 to less than 1. 0.8 takes most of the flicker away.
	Keep float32
	// DepthTolerance is the share by which the depth of a point may differ from that of
	// the point it seems to have been, above 0; 0 means 0.1.
	DepthTolerance float32
	// Threads is how many goroutines work at once; 0 means GOMAXPROCS. The result does
	// not depend on it.
	Threads int
}

// Frame is what an engine knows of a frame.
type Frame struct {
	// Motion holds a vector for each pixel, dx and dy, row by row; see the package
	// documentation. nil means that nothing moved.
	Motion []float32
	// ScaleX and ScaleY multiply the vectors; 0 means 1.
	ScaleX, ScaleY float32
	// Depth is the distance of each pixel from the camera, in any unit; nil if unknown.
	// It should be linear: the values of depth buffers are not.
	Depth []float32
}

// Layer holds the last picture of one camera. It is for one goroutine at a time. After
// New it allocates nothing.
type Layer struct {
	w, h int
	opts Options

	base    []uint64 // the last picture that was added; see pairs
	next    []uint64
	shown   trail // what the last frame shows of base
	late    trail // what it shows of the marked frame
	marked  trail // what the marked frame showed of base
	spare   [2]trail
	depth   []float32 // of the last frame
	deep    bool      // depth is known
	low     []uint8   // least and largest colors of each pixel and its neighbors, RGBA; two more in each row
	high    []uint8
	started bool // there is a picture
	waiting bool // a frame is marked

	// What the workers do.
	task    func(l *Layer, y0, y1 int)
	frame   Frame
	from    trail // into base, of what is mixed or shown
	src     []uint8
	dst     []uint8
	stride  int
	work    chan [2]int
	pending sync.WaitGroup
}

// trail tells, for each pixel of a frame, where its contents are in a picture.
type trail struct {
	at    []place
	known []bool // they could be seen all the way
}

func newTrail(n int) trail { return trail{make([]place, n), make([]bool, n)} }

// place is a column and a row, in parts of 1/one.
type place struct{ x, y int32 }

const (
	one     = 1 << 16
	maxSide = 1<<15 - 1
)

// New returns a layer for frames of width x height pixels, to be closed after use. It
// panics if the size or the options are out of range.
func New(width, height int, o Options) *Layer {
	if width < 1 || height < 1 || width > maxSide || height > maxSide {
		panic(fmt.Sprintf("temporal: a layer of %dx%d pixels", width, height))
	}
	if !(o.Keep >= 0 && o.Keep < 1) || !(o.DepthTolerance >= 0) || o.Threads < 0 {
		panic(fmt.Sprintf("temporal: options out of range: %+v", o))
	}
	if o.DepthTolerance == 0 {
		o.DepthTolerance = 0.1
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	n := width * height
	l := &Layer{
		w: width, h: height, opts: o,
		base: make([]uint64, n), next: make([]uint64, n),
		shown: newTrail(n), spare: [2]trail{newTrail(n)},
		depth: make([]float32, n), low: make([]uint8, 4*(n+2*height)), high: make([]uint8, 4*(n+2*height)),
		work: make(chan [2]int, height),
	}
	for range o.Threads {
		go l.worker(l.work)
	}
	return l
}

func (l *Layer) worker(work <-chan [2]int) {
	for rows := range work {
		l.task(l, rows[0], rows[1])
		l.pending.Done()
	}
}

// Close ends the layer's goroutines. It must not be used afterwards.
func (l *Layer) Close() { close(l.work) }

// Cut forgets the last picture: the next frame shows another scene.
func (l *Layer) Cut() { l.started, l.waiting = false, false }

// run does a task for all rows, a band at a time.
func (l *Layer) run(task func(l *Layer, y0, y1 int)) {
	const band = 16
	l.task = task
	for y := 0; y < l.h; y += band {
		l.pending.Add(1)
		l.work <- [2]int{y, min(y+band, l.h)}
	}
	l.pending.Wait()
}

// Add mixes a newly styled frame, styled, with the last one and writes the result to
// dst, which may be styled. Both hold 8-bit RGBA in rows that begin stride bytes
// apart; alpha is copied. The error names what is too short.
func (l *Layer) Add(dst, styled []uint8, stride int, f Frame) error {
	if err := l.check(dst, stride, &f); err != nil {
		return err
	}
	if err := l.pixels("styled", styled, stride); err != nil {
		return err
	}
	l.waiting = false
	l.src, l.dst, l.stride, l.frame = styled, dst, stride, f
	if l.started && l.opts.Keep > 0 {
		l.advance()
		l.mixed(l.shown)
	} else {
		l.run((*Layer).take)
	}
	l.from = l.shown
	l.run((*Layer).show)
	l.base, l.next = l.next, l.base
	l.started = true
	l.finish()
	return nil
}

// Move shows the last picture where its contents are now, in dst, 8-bit RGBA in rows
// that begin stride bytes apart, whose alpha stays. The error says that there is no
// last picture, or what is too short.
func (l *Layer) Move(dst []uint8, stride int, f Frame) error {
	if err := l.check(dst, stride, &f); err != nil {
		return err
	}
	if !l.started {
		return fmt.Errorf("temporal: there is no picture to move: begin, and go on after a cut, with Add")
	}
	l.dst, l.stride, l.frame = dst, stride, f
	l.advance()
	l.from = l.shown
	l.run((*Layer).moved)
	l.finish()
	return nil
}

// Mark says that the frame that was shown last is being styled, and that the result
// will come some frames later, with AddMarked. Another mark, Add, and Cut take it back.
// The first Mark allocates.
func (l *Layer) Mark() {
	if !l.started {
		return // AddMarked will say so
	}
	if l.late.at == nil {
		n := l.w * l.h
		l.late, l.spare[1], l.marked = newTrail(n), newTrail(n), newTrail(n)
	}
	copy(l.marked.at, l.shown.at)
	copy(l.marked.known, l.shown.known)
	l.from = l.late
	l.run((*Layer).itself)
	l.from = trail{}
	l.waiting = true
}

// AddMarked is Add for a picture, styled, of the frame that was marked. It is mixed
// with what that frame showed, and appears where its contents are now, in dst, whose
// alpha stays. From here on all is as if Add had been called in the marked frame.
func (l *Layer) AddMarked(dst, styled []uint8, stride int, f Frame) error {
	if err := l.check(dst, stride, &f); err != nil {
		return err
	}
	if err := l.pixels("styled", styled, stride); err != nil {
		return err
	}
	if !l.waiting {
		return fmt.Errorf("temporal: no frame is marked, or it was before a cut or another Add")
	}
	l.src, l.dst, l.stride, l.frame = styled, dst, stride, f
	l.advance()
	if l.opts.Keep > 0 {
		l.mixed(l.marked)
	} else {
		l.run((*Layer).take)
	}
	l.base, l.next = l.next, l.base
	l.shown, l.late = l.late, l.shown
	l.waiting = false
	l.from = l.shown
	l.run((*Layer).moved)
	l.finish()
	return nil
}

func (l *Layer) check(dst []uint8, stride int, f *Frame) error {
	if f.ScaleX == 0 {
		f.ScaleX = 1
	}
	if f.ScaleY == 0 {
		f.ScaleY = 1
	}
	n := l.w * l.h
	switch {
	case f.Motion != nil && len(f.Motion) < 2*n:
		return fmt.Errorf("temporal: %d values of motion, not %d for %dx%d pixels", len(f.Motion), 2*n, l.w, l.h)
	case f.Depth != nil && len(f.Depth) < n:
		return fmt.Errorf("temporal: %d values of depth, not %d for %dx%d pixels", len(f.Depth), n, l.w, l.h)
	}
	return l.pixels("dst", dst, stride)
}

func (l *Layer) pixels(name string, p []uint8, stride int) error {
	if stride < 4*l.w {
		return fmt.Errorf("temporal: a stride of %d bytes for rows of %d pixels", stride, l.w)
	}
	if need := stride*(l.h-1) + 4*l.w; len(p) < need {
		return fmt.Errorf("temporal: %s has %d bytes, not %d for %dx%d pixels", name, len(p), need, l.w, l.h)
	}
	return nil
}

// advance follows the motion into the frame.
func (l *Layer) advance() {
	l.run((*Layer).trace)
	l.shown, l.spare[0] = l.spare[0], l.shown
	l.late, l.spare[1] = l.spare[1], l.late
}

// mixed makes the next picture of the styled frame and what a trail leads to.
func (l *Layer) mixed(from trail) {
	l.from = from
	l.run((*Layer).around)
	l.run((*Layer).mix)
}

// finish keeps what the next frame needs of this one.
func (l *Layer) finish() {
	if l.deep = l.frame.Depth != nil; l.deep {
		copy(l.depth, l.frame.Depth)
	}
	l.src, l.dst, l.frame, l.from = nil, nil, Frame{}, trail{}
}

// trace follows all trails from the last frame into this one.
func (l *Layer) trace(y0, y1 int) {
	for y := y0; y < y1; y++ {
		l.traceRow(y)
	}
}

func (l *Layer) traceRow(y int) {
	f, w, h := &l.frame, l.w, l.h
	motion, depth := f.Motion, f.Depth
	if motion != nil {
		motion = motion[2*y*w:][:2*w]
	}
	compare := l.deep && depth != nil
	if compare {
		depth = depth[y*w:][:w]
	}
	at, known := l.spare[0].at[y*w:][:w], l.spare[0].known[y*w:][:w]
	for x := range known {
		seen := true
		u, v := int64(x)*one, int64(y)*one
		if motion != nil {
			dx, dy := f.ScaleX*motion[2*x], f.ScaleY*motion[2*x+1]
			if seen = abs(dx) <= maxSide && abs(dy) <= maxSide; !seen { // or NaN
				dx, dy = bounded(dx), bounded(dy)
			}
			u -= int64(dx * one)
			v -= int64(dy * one)
		}
		nu, nv := int((u+one/2)>>16), int((v+one/2)>>16)
		if uint(nu) >= uint(w) || uint(nv) >= uint(h) {
			seen = false
			u, v = min(max(u, 0), int64(w-1)*one), min(max(v, 0), int64(h-1)*one)
			nu, nv = int((u+one/2)>>16), int((v+one/2)>>16)
		}
		j := nv*w + nu
		if seen && compare {
			d := depth[x]
			seen = abs(l.depth[j]-d) <= l.opts.DepthTolerance*abs(d)
		}
		// What lies between pixels stays between them: nothing is rounded away.
		du, dv := int32(u-int64(nu)*one), int32(v-int64(nv)*one)
		before := l.shown.at[j]
		at[x], known[x] = place{before.x + du, before.y + dv}, seen && l.shown.known[j]
		if l.waiting {
			i, before := y*w+x, l.late.at[j]
			l.spare[1].at[i], l.spare[1].known[i] = place{before.x + du, before.y + dv}, seen && l.late.known[j]
		}
	}
}

// bounded returns a motion that leads as far as any may; not a number leads to 0.
func bounded(v float32) float32 {
	if v != v {
		return maxSide
	}
	return min(max(v, -maxSide), maxSide)
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// carried returns the color of base at a place, as pairs.
func (l *Layer) carried(p place) (redBlue, green uint64) {
	x, y := min(max(int(p.x), 0), (l.w-1)*one), min(max(int(p.y), 0), (l.h-1)*one)
	i := y/one*l.w + x/one
	fx, fy := uint64(x%one)/2, uint64(y%one)/2
	right, below := 1, l.w
	if fx == 0 {
		right = 0 // there may be none
	}
	if fy == 0 {
		below = 0
	}
	a, b, c, d := l.base[i], l.base[i+right], l.base[i+below], l.base[i+below+right]
	// The four weights add up to 32768.
	both := fx * fy >> 15
	neither := 32768 - fx - fy + both
	fx, fy = fx-both, fy-both
	redBlue = (a&pairs*neither + b&pairs*fx + c&pairs*fy + d&pairs*both + halfWeight) >> 15 & pairs
	green = (a>>16&pairs*neither + b>>16&pairs*fx + c>>16&pairs*fy + d>>16&pairs*both + halfWeight) >> 15 & pairs
	return redBlue, green
}

// take makes the styled frame the next picture as it is.
func (l *Layer) take(y0, y1 int) {
	for y := y0; y < y1; y++ {
		row, to := l.src[y*l.stride:][:4*l.w], l.next[y*l.w:][:l.w]
		for x := range to {
			redBlue, green := unpack(binary.LittleEndian.Uint32(row[4*x:]))
			to[x] = redBlue | green<<16
		}
	}
}

// around finds the least and the largest colors of each pixel and its neighbors.
func (l *Layer) around(y0, y1 int) {
	n := 4 * l.w
	for y := y0; y < y1; y++ {
		above, row, below := l.src[max(y-1, 0)*l.stride:][:n], l.src[y*l.stride:][:n], l.src[min(y+1, l.h-1)*l.stride:][:n]
		low, high := l.low[y*(n+8):][:n+8], l.high[y*(n+8):][:n+8]
		extremes(low[4:], high[4:], above, row, below)
		for _, side := range [2][]uint8{low, high} { // the edges are their own neighbors
			copy(side[:4], side[4:8])
			copy(side[n+4:], side[n:n+4])
		}
		// In place: what is read lies ahead of what is written.
		i := 0
		for ; i+8 <= n; i += 8 {
			at := func(p []uint8, i int) uint64 { return binary.LittleEndian.Uint64(p[i:]) }
			binary.LittleEndian.PutUint64(low[i:], lower(at(low, i), at(low, i+4), at(low, i+8)))
			binary.LittleEndian.PutUint64(high[i:], higher(at(high, i), at(high, i+4), at(high, i+8)))
		}
		for ; i < n; i++ {
			low[i], high[i] = min(low[i], low[i+4], low[i+8]), max(high[i], high[i+4], high[i+8])
		}
	}
}

// mix makes the next picture of the styled frame and what was carried over.
func (l *Layer) mix(y0, y1 int) {
	keep, n := uint64(32768*l.opts.Keep+0.5), 4*l.w
	for y := y0; y < y1; y++ {
		row, to := l.src[y*l.stride:][:n], l.next[y*l.w:][:l.w]
		low, high := l.low[y*(n+8):][:n], l.high[y*(n+8):][:n]
		at, known := l.from.at[y*l.w:][:l.w], l.from.known[y*l.w:][:l.w]
		for x := range to {
			redBlue, green := unpack(binary.LittleEndian.Uint32(row[4*x:]))
			if known[x] {
				oldRB, oldG := l.carried(at[x])
				lowRB, lowG := unpack(binary.LittleEndian.Uint32(low[4*x:]))
				highRB, highG := unpack(binary.LittleEndian.Uint32(high[4*x:]))
				redBlue = blend(redBlue, within(oldRB, lowRB, highRB), keep)
				green = blend(green, within(oldG, lowG, highG), keep)
			}
			to[x] = redBlue | green<<16
		}
	}
}

// itself leads each pixel to itself.
func (l *Layer) itself(y0, y1 int) {
	for y := y0; y < y1; y++ {
		at, known := l.from.at[y*l.w:][:l.w], l.from.known[y*l.w:][:l.w]
		for x := range at {
			at[x], known[x] = place{int32(x) * one, int32(y) * one}, true
		}
	}
}

// show writes the next picture to dst, where each pixel shows itself.
func (l *Layer) show(y0, y1 int) {
	for y := y0; y < y1; y++ {
		row, alpha, from := l.dst[y*l.stride:][:4*l.w], l.src[y*l.stride:][:4*l.w], l.next[y*l.w:][:l.w]
		for x, v := range from {
			store(row[4*x:], v&pairs, v>>16&pairs)
			row[4*x+3] = alpha[4*x+3]
		}
	}
	l.itself(y0, y1)
}

// moved writes what each pixel shows to dst. What has no past shows what is nearest.
func (l *Layer) moved(y0, y1 int) {
	for y := y0; y < y1; y++ {
		row, at := l.dst[y*l.stride:][:4*l.w], l.from.at[y*l.w:][:l.w]
		for x, p := range at {
			redBlue, green := l.carried(p)
			store(row[4*x:], redBlue, green)
		}
	}
}
