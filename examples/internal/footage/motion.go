package footage

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Motion between two frames is kept as a picture: red and green are the columns and rows
// to where a pixel of the later frame was in the earlier one, in eighths of a pixel from
// zero, and blue is 255 where that is known.
const (
	zero   = 128
	parts  = 8
	search = 15 // pixels that something may move along an axis
)

const (
	grid    = 8  // pixels from one vector to the next
	window  = 16 // side of the squares that are compared
	alike   = 6  // levels by which what moved may differ, on average
	apart   = 1  // pixels that neighbors' motions may differ by to be one
	spreads = 4  // grid points that known motion reaches into even parts
)

// estimate finds the motion between two frames of one size. For a grid of points of the
// next frame it searches where the square around was, to whole pixels, and refines that
// by least squares (Lucas and Kanade, An Iterative Image Registration Technique, 1981). A
// point's motion is known if the square has structure both ways, and matching it back
// leads to where it is. A point in an even part moves as those around it do, if they
// agree to a pixel. So does what lies between four points; elsewhere the nearest one's
// motion counts. Of that is kept what holds for a pixel and its neighbors in color: so
// what was hidden falls out.
func estimate(last, next *imageio.Image) *imageio.Image {
	f := &field{from: lumaOf(last), to: lumaOf(next), w: next.W / grid, h: next.H / grid}
	f.vectors = make([]vector, f.w*f.h)
	each(f.h, func(by int) {
		var guess [2]int
		for bx := range f.w {
			v := &f.vectors[by*f.w+bx]
			*v = f.find(bx*grid+(grid-window)/2, by*grid+(grid-window)/2, guess)
			guess = [2]int{int(math.Round(v.x)), int(math.Round(v.y))}
		}
	})
	for range spreads {
		f.spread()
	}
	motion := imageio.New(next.W, next.H)
	each(next.H, func(y int) {
		for x := range next.W {
			p := motion.Pix[3*(y*next.W+x):][:3]
			p[0], p[1] = zero, zero
			v := f.at(x, y)
			if !v.known {
				continue
			}
			dx, dy := math.Round(parts*v.x), math.Round(parts*v.y)
			if max(math.Abs(dx), math.Abs(dy)) <= parts*search && holds(last, next, x, y, dx/parts, dy/parts) {
				p[0], p[1], p[2] = uint8(zero+dx), uint8(zero+dy), 255
			}
		}
	})
	return motion
}

// leastKnown is the share of a picture whose motion has to be known for it to count.
const leastKnown = 0.1

// knownShare returns the share of the picture whose motion is known.
func knownShare(motion *imageio.Image) float64 {
	n := 0
	for i := 2; i < len(motion.Pix); i += 3 {
		n += int(motion.Pix[i] / 255)
	}
	return float64(n) / float64(motion.W*motion.H)
}

// read turns motion into what tensor.Tape.Warp takes.
func read(motion *imageio.Image) (flow []float32, known []bool) {
	n := motion.W * motion.H
	flow, known = make([]float32, 2*n), make([]bool, n)
	for i := range known {
		p := motion.Pix[3*i:][:3]
		flow[i], flow[n+i] = (float32(p[0])-zero)/parts, (float32(p[1])-zero)/parts
		known[i] = p[2] != 0
	}
	return flow, known
}

// each calls do for 0 to n-1, several at once.
func each(n int, do func(i int)) {
	var all sync.WaitGroup
	workers := min(n, runtime.GOMAXPROCS(0))
	for k := range workers {
		all.Go(func() {
			for i := k; i < n; i += workers {
				do(i)
			}
		})
	}
	all.Wait()
}

// plane holds the brightness of a picture.
type plane struct {
	w, h int
	v    []int32
}

func lumaOf(m *imageio.Image) *plane {
	p := &plane{m.W, m.H, make([]int32, m.W*m.H)}
	for i := range p.v {
		c := m.Pix[3*i:][:3]
		p.v[i] = (77*int32(c[0]) + 150*int32(c[1]) + 29*int32(c[2])) >> 8
	}
	return p
}

// sample returns the brightness between pixels that lie inside.
func (p *plane) sample(x, y float64) float64 {
	i, fx, fy := int(y)*p.w+int(x), x-math.Floor(x), y-math.Floor(y)
	a, b, c, d := float64(p.v[i]), float64(p.v[i+1]), float64(p.v[i+p.w]), float64(p.v[i+p.w+1])
	return (a*(1-fx)+b*fx)*(1-fy) + (c*(1-fx)+d*fx)*fy
}

// vector is a motion, to where something was.
type vector struct {
	x, y  float64
	known bool
}

// field is the motion of a grid of points.
type field struct {
	from, to *plane // the earlier and the later frame
	w, h     int
	vectors  []vector
}

// find returns the motion of the square of to whose corner is at (x, y).
func (f *field) find(x, y int, guess [2]int) vector {
	if x < 1 || y < 1 || x+window+1 > f.to.w || y+window+1 > f.to.h {
		return vector{}
	}
	dx, dy := match(f.to, f.from, x, y, guess)
	rx, ry := match(f.from, f.to, x+dx, y+dy, [2]int{-dx, -dy})
	if max(dx+rx, -dx-rx, dy+ry, -dy-ry) > 1 {
		return vector{}
	}
	return f.refine(x, y, dx, dy)
}

// match returns by how much the square of a at (x, y) has to be moved to look most like b,
// in the sum of squares. It begins with a guess.
func match(a, b *plane, x, y int, guess [2]int) (dx, dy int) {
	best := int32(math.MaxInt32)
	try := func(u, v int) {
		var sum int32
		for i := range window {
			p, q := a.v[(y+i)*a.w+x:][:window], b.v[(y+v+i)*b.w+x+u:][:window]
			for j, value := range p {
				d := value - q[j]
				sum += d * d
			}
			if sum >= best {
				return
			}
		}
		best, dx, dy = sum, u, v
	}
	left, right := max(-search, -x), min(search, b.w-window-x)
	top, bottom := max(-search, -y), min(search, b.h-window-y)
	try(min(max(guess[0], left), right), min(max(guess[1], top), bottom))
	for v := top; v <= bottom; v++ {
		for u := left; u <= right; u++ {
			try(u, v)
		}
	}
	return dx, dy
}

// refine finds the part of a pixel by which a match is off.
func (f *field) refine(x, y, dx, dy int) vector {
	const steps = 4
	const structure = window * window // least sum of squares of differences across, a level each
	u, v := float64(dx), float64(dy)
	for range steps {
		if u0, v0 := float64(x)+u, float64(y)+v; u0 < 0 || v0 < 0 || u0+window >= float64(f.from.w-1) || v0+window >= float64(f.from.h-1) {
			return vector{}
		}
		var xx, xy, yy, xt, yt, tt float64
		for i := range window {
			row := (y+i)*f.to.w + x
			for j := range window {
				k := row + j
				gx := float64(f.to.v[k+1]-f.to.v[k-1]) / 2
				gy := float64(f.to.v[k+f.to.w]-f.to.v[k-f.to.w]) / 2
				d := float64(f.to.v[k]) - f.from.sample(float64(x+j)+u, float64(y+i)+v)
				xx, xy, yy = xx+gx*gx, xy+gx*gy, yy+gy*gy
				xt, yt, tt = xt+gx*d, yt+gy*d, tt+d*d
			}
		}
		// The smaller eigenvalue tells of the weaker direction.
		det, trace := xx*yy-xy*xy, xx+yy
		if trace/2-math.Sqrt(max(trace*trace/4-det, 0)) < structure || tt > 4*alike*alike*window*window {
			return vector{}
		}
		u += (xt*yy - yt*xy) / det
		v += (yt*xx - xt*xy) / det
		if max(math.Abs(u-float64(dx)), math.Abs(v-float64(dy))) > 1 {
			return vector{}
		}
	}
	return vector{u, v, true}
}

// spread gives points without a known motion, three neighbors of which have one and agree,
// the mean of those.
func (f *field) spread() {
	was := slices.Clone(f.vectors)
	for i := range was {
		if was[i].known {
			continue
		}
		var near []vector
		for k := range 9 {
			bx, by := i%f.w+k%3-1, i/f.w+k/3-1
			if bx >= 0 && by >= 0 && bx < f.w && by < f.h && was[by*f.w+bx].known {
				near = append(near, was[by*f.w+bx])
			}
		}
		if len(near) < 3 || !agree(near...) {
			continue
		}
		var sum vector
		for _, v := range near {
			sum.x, sum.y = sum.x+v.x, sum.y+v.y
		}
		n := float64(len(near))
		f.vectors[i] = vector{sum.x / n, sum.y / n, true}
	}
}

// agree tells whether all motions are known and alike.
func agree(vectors ...vector) bool {
	low, high := vectors[0], vectors[0]
	for _, v := range vectors {
		if !v.known {
			return false
		}
		low.x, low.y, high.x, high.y = min(low.x, v.x), min(low.y, v.y), max(high.x, v.x), max(high.y, v.y)
	}
	return max(high.x-low.x, high.y-low.y) <= apart
}

// at returns the motion of a pixel.
func (f *field) at(x, y int) vector {
	if f.w < 1 || f.h < 1 {
		return vector{}
	}
	gx, gy := (float64(x)+0.5)/grid-0.5, (float64(y)+0.5)/grid-0.5
	bx, by := int(math.Floor(gx)), int(math.Floor(gy))
	fx, fy := gx-float64(bx), gy-float64(by)
	if bx >= 0 && by >= 0 && bx+1 < f.w && by+1 < f.h {
		i := by*f.w + bx
		a, b, c, d := f.vectors[i], f.vectors[i+1], f.vectors[i+f.w], f.vectors[i+f.w+1]
		if agree(a, b, c, d) {
			return vector{
				(a.x*(1-fx)+b.x*fx)*(1-fy) + (c.x*(1-fx)+d.x*fx)*fy,
				(a.y*(1-fx)+b.y*fx)*(1-fy) + (c.y*(1-fx)+d.y*fx)*fy, true,
			}
		}
	}
	return f.vectors[min(y/grid, f.h-1)*f.w+min(x/grid, f.w-1)]
}

// holds tells whether a pixel of next and those around it look as they did in last, at
// (dx, dy) from there.
func holds(last, next *imageio.Image, x, y int, dx, dy float64) bool {
	u, v := float64(x)+dx, float64(y)+dy
	if x < 1 || y < 1 || x+1 >= next.W || y+1 >= next.H || u < 1 || v < 1 || u+2 >= float64(last.W) || v+2 >= float64(last.H) {
		return false
	}
	i, fx, fy := int(v)*last.W+int(u), u-math.Floor(u), v-math.Floor(v)
	sum := 0.0
	for row := -1; row <= 1; row++ {
		for column := -1; column <= 1; column++ {
			at := 3 * (i + row*last.W + column)
			now := 3 * ((y+row)*next.W + x + column)
			for c := range 3 {
				a, b := float64(last.Pix[at+c]), float64(last.Pix[at+3+c])
				below := at + 3*last.W
				d, e := float64(last.Pix[below+c]), float64(last.Pix[below+3+c])
				was := (a*(1-fx)+b*fx)*(1-fy) + (d*(1-fx)+e*fx)*fy
				sum += math.Abs(was - float64(next.Pix[now+c]))
			}
		}
	}
	return sum <= alike*27
}
