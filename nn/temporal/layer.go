package temporal

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/impasto-go/impasto/nn/temporal/internal/rows"
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

	base    []uint64     // the last picture that was added
	next    []uint64     // that which is being added
	shown   []rows.Place // what the last frame shows of base
	itself  bool         // it shows each pixel of base in its place, whatever shown says
	late    []rows.Place // what it shows of the marked frame
	marked  []rows.Place // what the marked frame showed of base
	spare   [2][]rows.Place
	depth   []float32 // of the last frame
	newer   []float32 // of this one
	deep    bool      // depth is known
	started bool      // there is a picture
	waiting bool      // a frame is marked

	// What the workers do.
	task    func(l *Layer, y int, at []rows.Place)
	motion  rows.Frame
	now     []float32 // this frame's depth
	src     []uint8
	dst     []uint8
	stride  int
	work    chan [2]int
	pending sync.WaitGroup
}

// New returns a layer for frames of width x height pixels, to be closed after use. It
// panics if the size or the options are out of range.
func New(width, height int, o Options) *Layer {
	if width < 1 || height < 1 || width > rows.MaxSide || height > rows.MaxSide {
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
		base: make([]uint64, n+rows.Guard(width)), next: make([]uint64, n+rows.Guard(width)),
		shown: make([]rows.Place, n), spare: [2][]rows.Place{make([]rows.Place, n)},
		depth: make([]float32, n), newer: make([]float32, n),
		work: make(chan [2]int, height),
	}
	for range o.Threads {
		go l.worker(l.work)
	}
	return l
}

func (l *Layer) worker(work <-chan [2]int) {
	at := make([]rows.Place, l.w) // for the task
	for band := range work {
		for y := band[0]; y < band[1]; y++ {
			l.task(l, y, at)
		}
		l.pending.Done()
	}
}

// Close ends the layer's goroutines. It must not be used afterwards.
func (l *Layer) Close() { close(l.work) }

// Cut forgets the last picture: the next frame shows another scene.
func (l *Layer) Cut() { l.started, l.waiting = false, false }

// run does a task for all rows, a band at a time.
func (l *Layer) run(task func(l *Layer, y int, at []rows.Place)) {
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
	if err := l.begin(dst, stride, f); err != nil {
		return err
	}
	if err := l.pixels("styled", styled, stride); err != nil {
		return err
	}
	l.waiting = false
	l.src = styled
	if l.started && l.opts.Keep > 0 {
		l.run((*Layer).mix)
	} else {
		l.run((*Layer).take)
	}
	l.run((*Layer).show)
	l.base, l.next = l.next, l.base
	l.started, l.itself = true, true
	l.finish()
	return nil
}

// Move shows the last picture where its contents are now, in dst, 8-bit RGBA in rows
// that begin stride bytes apart, whose alpha stays. The error says that there is no
// last picture, or what is too short.
func (l *Layer) Move(dst []uint8, stride int, f Frame) error {
	if err := l.begin(dst, stride, f); err != nil {
		return err
	}
	if !l.started {
		return fmt.Errorf("temporal: there is no picture to move: begin, and go on after a cut, with Add")
	}
	l.run((*Layer).move)
	l.advance()
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
	if l.late == nil {
		n := l.w * l.h
		l.late, l.spare[1], l.marked = make([]rows.Place, n), make([]rows.Place, n), make([]rows.Place, n)
	}
	l.run((*Layer).mark)
	l.waiting = true
}

// AddMarked is Add for a picture, styled, of the frame that was marked. It is mixed
// with what that frame showed, and appears where its contents are now, in dst, whose
// alpha stays. From here on all is as if Add had been called in the marked frame.
func (l *Layer) AddMarked(dst, styled []uint8, stride int, f Frame) error {
	if err := l.begin(dst, stride, f); err != nil {
		return err
	}
	if err := l.pixels("styled", styled, stride); err != nil {
		return err
	}
	if !l.waiting {
		return fmt.Errorf("temporal: no frame is marked, or it was before a cut or another Add")
	}
	l.src = styled
	l.run((*Layer).mixMarked)
	l.base, l.next = l.next, l.base
	l.advance()
	l.shown, l.late = l.late, l.shown
	l.waiting = false
	l.run((*Layer).carry)
	l.finish()
	return nil
}

// begin looks at what the caller knows of a frame and takes it over.
func (l *Layer) begin(dst []uint8, stride int, f Frame) error {
	n := l.w * l.h
	switch {
	case f.Motion != nil && len(f.Motion) < 2*n:
		return fmt.Errorf("temporal: %d values of motion, not %d for %dx%d pixels", len(f.Motion), 2*n, l.w, l.h)
	case f.Depth != nil && len(f.Depth) < n:
		return fmt.Errorf("temporal: %d values of depth, not %d for %dx%d pixels", len(f.Depth), n, l.w, l.h)
	}
	if err := l.pixels("dst", dst, stride); err != nil {
		return err
	}
	l.motion = rows.Frame{W: l.w, H: l.h, Motion: f.Motion, ScaleX: f.ScaleX, ScaleY: f.ScaleY, Tolerance: l.opts.DepthTolerance}
	if f.ScaleX == 0 {
		l.motion.ScaleX = 1
	}
	if f.ScaleY == 0 {
		l.motion.ScaleY = 1
	}
	if l.deep && f.Depth != nil {
		l.motion.Depth, l.motion.Last = f.Depth, l.depth
	}
	l.dst, l.stride, l.now = dst, stride, f.Depth
	return nil
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

// advance makes the places that were followed the last frame's.
func (l *Layer) advance() {
	l.shown, l.spare[0] = l.spare[0], l.shown
	l.late, l.spare[1] = l.spare[1], l.late
	l.itself = false
}

// finish keeps what the next frame needs of this one.
func (l *Layer) finish() {
	l.deep = l.now != nil
	l.depth, l.newer = l.newer, l.depth
	l.src, l.dst, l.now, l.motion = nil, nil, nil, rows.Frame{}
}

// The tasks, each for row y, with room for its places. Whatever can be is done with a row
// at once: reading and writing pictures takes as long as what is done with them.

// mix makes the next picture of the styled frame and what it shows of the last.
func (l *Layer) mix(y int, at []rows.Place) {
	l.motion.Follow(at, l.before(), y)
	l.blend(y, at)
}

// mixMarked makes the next picture of the styled frame and what the marked one showed, and
// follows the motion into this one.
func (l *Layer) mixMarked(y int, at []rows.Place) {
	l.follow(y)
	if l.opts.Keep > 0 {
		l.blend(y, rowOf(l, l.marked, y))
	} else {
		l.take(y, at)
	}
}

// blend makes the next picture of the styled frame and places in the last.
func (l *Layer) blend(y int, at []rows.Place) {
	around := [3][]uint8{bytesOf(l, l.src, max(y-1, 0)), bytesOf(l, l.src, y), bytesOf(l, l.src, min(y+1, l.h-1))}
	share := min(int(32768*l.opts.Keep+0.5), 32767)
	rows.Mix(rowOf(l, l.next, y), &around, at, l.base, share)
}

// take makes the styled frame the next picture as it is.
func (l *Layer) take(y int, _ []rows.Place) {
	rows.Take(rowOf(l, l.next, y), bytesOf(l, l.src, y))
}

// show shows the next picture.
func (l *Layer) show(y int, _ []rows.Place) {
	rows.Show(bytesOf(l, l.dst, y), bytesOf(l, l.src, y), rowOf(l, l.next, y))
	l.remember(y)
}

// move follows the motion into this frame and shows what that leads to. What has no past
// shows what is nearest.
func (l *Layer) move(y int, _ []rows.Place) {
	l.follow(y)
	rows.Carry(bytesOf(l, l.dst, y), rowOf(l, l.spare[0], y), l.base, l.w)
	l.remember(y)
}

// carry shows what the motion led to.
func (l *Layer) carry(y int, _ []rows.Place) {
	rows.Carry(bytesOf(l, l.dst, y), rowOf(l, l.shown, y), l.base, l.w)
	l.remember(y)
}

// mark keeps what the frame shows.
func (l *Layer) mark(y int, _ []rows.Place) {
	if l.itself {
		rows.Itself(rowOf(l, l.marked, y), y)
	} else {
		copy(rowOf(l, l.marked, y), rowOf(l, l.shown, y))
	}
	rows.Itself(rowOf(l, l.late, y), y)
}

// follow finds where what the frame shows is in the pictures.
func (l *Layer) follow(y int) {
	l.motion.Follow(rowOf(l, l.spare[0], y), l.before(), y)
	if l.waiting {
		l.motion.Follow(rowOf(l, l.spare[1], y), l.late, y)
	}
}

// before returns where what the last frame shows is in its picture.
func (l *Layer) before() []rows.Place {
	if l.itself {
		return nil
	}
	return l.shown
}

// remember keeps the frame's depth for the next one.
func (l *Layer) remember(y int) {
	if l.now != nil {
		copy(rowOf(l, l.newer, y), rowOf(l, l.now, y))
	}
}

// rowOf returns row y of what has one value for each pixel.
func rowOf[T any](l *Layer, all []T, y int) []T { return all[y*l.w:][:l.w] }

// bytesOf returns row y of RGBA bytes.
func bytesOf(l *Layer, all []uint8, y int) []uint8 { return all[y*l.stride:][:4*l.w] }
