package flicker

import "math"

const (
	block  = 8  // pixels of a block's side
	search = 16 // pixels that a block may move along an axis
)

// Motion is estimated motion between two frames of a film: for each block of 8x8
// pixels of the later one, where it was.
type Motion struct {
	w, h   int
	dx, dy []int // by block
	known  []bool
}

// Estimate finds the motion from last to next, two pictures in planes {3, height,
// width}, by matching blocks of the later one's luma over 16 pixels each way. A
// block's motion is known if the match is good and unlike all others, and matching
// back from where it was leads to the block again: flat and hidden parts are not.
func Estimate(last, next []float32, height, width int) *Motion {
	m := &Motion{w: width / block, h: height / block}
	from, to := luma(last, height, width), luma(next, height, width)
	for by := range m.h {
		for bx := range m.w {
			x, y := bx*block, by*block
			dx, dy, ok := match(to, from, x, y, height, width)
			if ok {
				// Back from the best match, to within a pixel.
				rx, ry, back := match(from, to, x+dx, y+dy, height, width)
				ok = back && abs(dx+rx) <= 1 && abs(dy+ry) <= 1
			}
			m.dx, m.dy, m.known = append(m.dx, dx), append(m.dy, dy), append(m.known, ok)
		}
	}
	return m
}

// Before is the function that WarpingError takes.
func (m *Motion) Before(x, y int) (u, v float64, seen bool) {
	bx, by := x/block, y/block
	if bx >= m.w || by >= m.h {
		return 0, 0, false
	}
	i := by*m.w + bx
	return float64(x + m.dx[i]), float64(y + m.dy[i]), m.known[i]
}

// Known returns the share of blocks whose motion is known.
func (m *Motion) Known() float64 {
	n := 0
	for _, k := range m.known {
		if k {
			n++
		}
	}
	return float64(n) / float64(max(len(m.known), 1))
}

// luma returns the brightness of BT.601.
func luma(planes []float32, height, width int) []float32 {
	n := height * width
	y := make([]float32, n)
	for i := range y {
		y[i] = 0.299*planes[i] + 0.587*planes[n+i] + 0.114*planes[2*n+i]
	}
	return y
}

// match returns the displacement at which the block at (x, y) of a looks most like b,
// preferring short ones among equals. ok tells whether it looks like it, to 6 levels
// on average, and markedly more so than elsewhere.
func match(a, b []float32, x, y, height, width int) (dx, dy int, ok bool) {
	best, mean := float32(math.MaxFloat32), float32(0)
	shortest, n := 0, 0
	for v := max(-search, -y); v <= min(search, height-block-y); v++ {
		for u := max(-search, -x); u <= min(search, width-block-x); u++ {
			var sum float32
			for i := range block {
				p, q := a[(y+i)*width+x:][:block], b[(y+v+i)*width+x+u:][:block]
				for j := range p {
					d := p[j] - q[j]
					sum += max(d, -d)
				}
			}
			mean += sum
			n++
			if length := u*u + v*v; sum < best || sum == best && length < shortest {
				best, shortest, dx, dy = sum, length, u, v
			}
		}
	}
	mean /= float32(n)
	return dx, dy, best <= 6*block*block && best < mean/2
}

func abs(v int) int { return max(v, -v) }
