package temporal

import (
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

	base    []float32 // the last picture that was added, red, green and blue of each pixel
	next    []float32
	shown   trail // what the last frame shows of base
	late    trail // what it shows of the marked frame
	marked  trail // what the marked frame showed of base
	spare   [2]trail
	depth   []float32 // of the last frame
	deep    bool      // depth is known
	low     []uint8   // least and largest colors of a column of three pixels, RGBA
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
	at    []float32 // column and row
	known []bool    // they could be seen all the way
}

func newTrail(n int) trail { return trail{make([]float32, 2*n), make([]bool, n)} }

// New returns a layer for frames of width x height pixels, to be closed after use. It
// panics if the size or the options are out of range.
func New(width, height int, o Options) *Layer {
	if width < 1 || height < 1 {
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
		base: make([]float32, 3*n), next: make([]float32, 3*n),
		shown: newTrail(n), spare: [2]trail{newTrail(n)},
		depth: make([]float32, n), low: make([]uint8, 4*n), high: make([]uint8, 4*n),
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
	right, lower := float32(w)-0.5, float32(h)-0.5
	at, known := l.spare[0].at[2*y*w:][:2*w], l.spare[0].known[y*w:][:w]
	for x := range known {
		u, v := float32(x), float32(y)
		if motion != nil {
			u -= f.ScaleX * motion[2*x]
			v -= f.ScaleY * motion[2*x+1]
		}
		seen := u >= -0.5 && v >= -0.5 && u <= right && v <= lower // false for NaN, too
		if !seen {
			u, v = clamp(u, right-0.5), clamp(v, lower-0.5)
		}
		nu, nv := min(int(u+0.5), w-1), min(int(v+0.5), h-1)
		j := nv*w + nu
		if seen && compare {
			d := depth[x]
			seen = abs(l.depth[j]-d) <= l.opts.DepthTolerance*abs(d)
		}
		// What lies between pixels stays between them: nothing is rounded away.
		du, dv := u-float32(nu), v-float32(nv)
		before := l.shown.at[2*j:][:2]
		at[2*x], at[2*x+1], known[x] = before[0]+du, before[1]+dv, seen && l.shown.known[j]
		if l.waiting {
			i, before := y*w+x, l.late.at[2*j:][:2]
			l.spare[1].at[2*i], l.spare[1].at[2*i+1], l.spare[1].known[i] = before[0]+du, before[1]+dv, seen && l.late.known[j]
		}
	}
}

// clamp returns v within 0 and most; 0 for NaN.
func clamp(v, most float32) float32 {
	if !(v > 0) {
		return 0
	}
	if v > most {
		return most
	}
	return v
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// carried returns the color of base that a trail leads to from pixel i.
func (l *Layer) carried(i int) (r, g, b float32) {
	u, v := clamp(l.from.at[2*i], float32(l.w-1)), clamp(l.from.at[2*i+1], float32(l.h-1))
	x, y := int(u), int(v)
	fx, fy := u-float32(x), v-float32(y)
	upper := l.base[3*(y*l.w+x):]
	lower := upper
	if y < l.h-1 {
		lower = upper[3*l.w:]
	}
	if x == l.w-1 {
		a, c := upper[:3:3], lower[:3:3]
		return a[0] + fy*(c[0]-a[0]), a[1] + fy*(c[1]-a[1]), a[2] + fy*(c[2]-a[2])
	}
	a, c := upper[:6:6], lower[:6:6]
	r0, g0, b0 := a[0]+fx*(a[3]-a[0]), a[1]+fx*(a[4]-a[1]), a[2]+fx*(a[5]-a[2])
	r1, g1, b1 := c[0]+fx*(c[3]-c[0]), c[1]+fx*(c[4]-c[1]), c[2]+fx*(c[5]-c[2])
	return r0 + fy*(r1-r0), g0 + fy*(g1-g0), b0 + fy*(b1-b0)
}

// take makes the styled frame the next picture as it is.
func (l *Layer) take(y0, y1 int) {
	for y := y0; y < y1; y++ {
		row := l.src[y*l.stride:]
		to := l.next[3*y*l.w:][:3*l.w]
		for x := range l.w {
			for c := range 3 {
				to[3*x+c] = float32(row[4*x+c])
			}
		}
	}
}

// around finds the least and the largest colors of each pixel and those above and
// below.
func (l *Layer) around(y0, y1 int) {
	n := 4 * l.w
	for y := y0; y < y1; y++ {
		above, row, below := l.src[max(y-1, 0)*l.stride:][:n], l.src[y*l.stride:][:n], l.src[min(y+1, l.h-1)*l.stride:][:n]
		low, high := l.low[y*n:][:n], l.high[y*n:][:n]
		for i, v := range row {
			a, b := above[i], below[i]
			low[i], high[i] = min(v, a, b), max(v, a, b)
		}
	}
}

// mix makes the next picture of the styled frame and what was carried over.
func (l *Layer) mix(y0, y1 int) {
	keep, last := l.opts.Keep, 4*(l.w-1)
	for y := y0; y < y1; y++ {
		row, next := l.src[y*l.stride:][:last+4], l.next[3*y*l.w:][:3*l.w]
		low, high := l.low[4*y*l.w:][:last+4], l.high[4*y*l.w:][:last+4]
		known := l.from.known[y*l.w:][:l.w]
		for x, seen := range known {
			to, fresh := next[3*x:][:3:3], row[4*x:][:4:4]
			if !seen {
				to[0], to[1], to[2] = float32(fresh[0]), float32(fresh[1]), float32(fresh[2])
				continue
			}
			left, right := max(4*x-4, 0), min(4*x+4, last)
			l0, l1, l2 := low[left:][:4:4], low[4*x:][:4:4], low[right:][:4:4]
			h0, h1, h2 := high[left:][:4:4], high[4*x:][:4:4], high[right:][:4:4]
			r, g, b := l.carried(y*l.w + x)
			to[0] = within(float32(fresh[0]), r, keep, min(l0[0], l1[0], l2[0]), max(h0[0], h1[0], h2[0]))
			to[1] = within(float32(fresh[1]), g, keep, min(l0[1], l1[1], l2[1]), max(h0[1], h1[1], h2[1]))
			to[2] = within(float32(fresh[2]), b, keep, min(l0[2], l1[2], l2[2]), max(h0[2], h1[2], h2[2]))
		}
	}
}

// within mixes a new color with an old one that is brought between least and most.
// None is negative, so that their bits compare as they do, without jumps.
func within(fresh, old, keep float32, least, most uint8) float32 {
	low, high := math.Float32bits(float32(least)), math.Float32bits(float32(most))
	old = math.Float32frombits(max(low, min(high, math.Float32bits(old))))
	return fresh + keep*(old-fresh)
}

// itself leads each pixel to itself.
func (l *Layer) itself(y0, y1 int) {
	for y := y0; y < y1; y++ {
		for x := range l.w {
			i := y*l.w + x
			l.from.at[2*i], l.from.at[2*i+1], l.from.known[i] = float32(x), float32(y), true
		}
	}
}

// show writes the next picture to dst, where each pixel shows itself.
func (l *Layer) show(y0, y1 int) {
	for y := y0; y < y1; y++ {
		row, from := l.dst[y*l.stride:], l.next[3*y*l.w:][:3*l.w]
		alpha := l.src[y*l.stride:]
		for x := range l.w {
			for c := range 3 {
				row[4*x+c] = toByte(from[3*x+c])
			}
			row[4*x+3] = alpha[4*x+3]
		}
	}
	l.itself(y0, y1)
}

// moved writes what each pixel shows to dst. What has no past shows what is nearest.
func (l *Layer) moved(y0, y1 int) {
	for y := y0; y < y1; y++ {
		row := l.dst[y*l.stride:][:4*l.w]
		for x := range l.w {
			r, g, b := l.carried(y*l.w + x)
			to := row[4*x:][:3:3]
			to[0], to[1], to[2] = toByte(r), toByte(g), toByte(b)
		}
	}
}

// toByte rounds a value of 0 to 255.
func toByte(v float32) uint8 { return uint8(v + 0.5) }
