// Package rows holds what package temporal does with rows of pixels: following motion,
// carrying pictures along it, and mixing them.
//
// Each function has two forms with the same results, to the bit: portable Go, in
// plain.go and pairs.go, which is the specification, and assembly for AVX2, which the
// module in _asm writes. The assembly takes as many groups of eight pixels as fit, and
// portable Go the rest. IMPASTO_ISA=portable and the build tag noasm leave portable Go
// only.
//
// A pixel of a picture is four numbers of 16 bits, red lowest and the highest 0, in
// 128ths of a level. So every difference of two fits 16 bits with a sign. Behind the last
// pixel are Guard(width) more, which may be read but do not count.
package rows

//go:generate go run -C _asm . -pkg rows -out ../avx2_amd64.s -stubs ../avx2_amd64.go

// Place is where the contents of a pixel are in a picture: a column and a row in 65536ths.
// They are even, but X is odd where the contents could be seen all the way. Places lie
// between the centers of the first and the last pixels.
type Place struct{ X, Y int32 }

const (
	one  = 1 << 16 // from one pixel to the next
	half = 1 << 15

	// MaxSide is the largest width and height.
	MaxSide = 1<<15 - 1
)

// Guard returns how many pixels a picture of a width has behind its last.
func Guard(width int) int { return width + 1 }

// Frame tells how what a frame shows has moved since the last one.
type Frame struct {
	W, H           int
	Motion         []float32 // vectors of all pixels; nil: nothing moves
	ScaleX, ScaleY float32   // of the vectors
	Depth, Last    []float32 // of this frame and the last; nil if they are not compared
	Tolerance      float32   // the share of its depth by which that of a pixel may differ
}

// Follow sets dst, row y of the frame's places, to where the contents are of which from,
// the places of the last frame, tells where they were. Without from each pixel of the last
// frame was where it is in the picture.
func (f *Frame) Follow(dst, from []Place, y int) {
	must(len(dst) == f.W && f.W <= MaxSide && uint(y) < uint(f.H) && (from == nil || len(from) >= f.W*f.H))
	must(f.Motion == nil || len(f.Motion) >= 2*f.W*f.H)
	must(f.Depth == nil || len(f.Depth) >= f.W*f.H && len(f.Last) >= f.W*f.H)
	f.follow(dst, from, y, followFast(f, dst, from, y))
}

// still is the motion of a row that does not move.
var still [2 * MaxSide]float32

// vectors returns the motion of row y.
func (f *Frame) vectors(y int) []float32 {
	if f.Motion == nil {
		return still[:2*f.W]
	}
	return f.Motion[2*y*f.W:][:2*f.W]
}

// Itself sets dst, row y of a frame's places, to the pixels themselves.
func Itself(dst []Place, y int) {
	for x := range dst {
		dst[x] = Place{int32(x)*one + 1, int32(y) * one}
	}
}

// Carry sets the colors of a row of RGBA bytes to those of base, of a width, at places.
func Carry(dst []uint8, at []Place, base []uint64, width int) {
	must(len(dst) >= 4*len(at))
	n := carryFast(dst, at, base, width)
	carry(dst[4*n:], at[n:], base, width)
}

// Mix sets next, a row of a picture, to the middle one of three rows of RGBA bytes, of
// which a share, in 32768ths, is replaced by what base has at places that are known,
// clamped to the least and the largest of the nine pixels around.
func Mix(next []uint64, rows *[3][]uint8, at []Place, base []uint64, share int) {
	n := len(next)
	must(len(at) >= n && share >= 0 && share < 1<<15)
	for _, r := range rows {
		must(len(r) >= 4*n)
	}
	mix(next, rows, at, base, share, 0, min(1, n)) // its neighbor is outside
	done := max(1, mixFast(next, rows, at, base, share))
	mix(next, rows, at, base, share, done, n)
}

// Take sets next, a row of a picture, to RGBA bytes.
func Take(next []uint64, row []uint8) {
	must(len(row) >= 4*len(next))
	n := takeFast(next, row)
	take(next[n:], row[4*n:])
}

// Show sets dst to a row of a picture in RGBA bytes, with the alpha of another.
func Show(dst, alpha []uint8, row []uint64) {
	must(len(dst) >= 4*len(row) && len(alpha) >= 4*len(row))
	n := showFast(dst, alpha, row)
	show(dst[4*n:], alpha[4*n:], row[n:])
}

func must(ok bool) {
	if !ok {
		panic("BUG: rows: slice or argument out of range")
	}
}
