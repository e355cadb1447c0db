package rows

import (
	"encoding/binary"
	"math"
)

// follow does Follow from column x on.
func (f *Frame) follow(dst, from []Place, y, x int) {
	w, h := f.W, f.H
	motion := f.vectors(y)
	var depth []float32
	if f.Depth != nil {
		depth = f.Depth[y*w:][:w]
	}
	dst, last, scaleX, scaleY := dst[:w], f.Last, f.ScaleX, f.ScaleY
	right, bottom := int32(w-1)*one, int32(h-1)*one
	for ; x < len(dst); x++ {
		u, v := back(x, scaleX*motion[2*x]), back(y, scaleY*motion[2*x+1])
		seen := true
		var du, dv int32
		nu, nv := u>>15, v>>15
		if uint64(nu) < uint64(w) {
			du = 2*int32(u&(1<<15-1)) - half
		} else {
			nu, seen = within(nu, w), false
		}
		if uint64(nv) < uint64(h) {
			dv = 2*int32(v&(1<<15-1)) - half
		} else {
			nv, seen = within(nv, h), false
		}
		j := int(nv)*w + int(nu)
		p := Place{int32(nu)*one + 1, int32(nv) * one}
		if from != nil {
			p = from[j]
		}
		if seen && depth != nil {
			d := depth[x]
			seen = abs(last[j]-d) <= f.Tolerance*abs(d)
		}
		// What lies between pixels stays between them: nothing is rounded away.
		to := Place{p.X&^1 + du, p.Y + dv}
		if uint32(to.X) > uint32(right) || uint32(to.Y) > uint32(bottom) {
			to = Place{min(max(to.X, 0), right), min(max(to.Y, 0), bottom)}
		}
		if seen {
			to.X |= p.X & 1
		}
		dst[x] = to
	}
}

// back goes back from a pixel by a motion. It returns how far from where the first pixel
// begins that ends, in 32768ths.
func back(at int, motion float32) int64 {
	if !(abs(motion) <= MaxSide) { // it leads out of the picture, as what is not a number does
		motion = bounded(motion)
	}
	return int64(at)<<15 + 1<<14 - int64(motion*(1<<15))
}

func bounded(motion float32) float32 {
	if motion < 0 {
		return -MaxSide
	}
	return MaxSide
}

// within returns the one of n pixels that is nearest.
func within(v int64, n int) int64 { return min(max(v, 0), int64(n-1)) }

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

func carry(dst []uint8, at []Place, base []uint64, width int) {
	for x, p := range at {
		store(dst[4*x:], carried(p, base, width))
	}
}

// carried returns the color of base at a place, linear between pixels.
func carried(p Place, base []uint64, width int) uint64 {
	i := int(p.Y>>16)*width + int(p.X>>16)
	above, below := base[i:][:2], base[i+width:][:2]
	// The four weights add up to 16384.
	fx, fy := uint64(p.X>>2)&(1<<14-1), uint64(p.Y>>2)&(1<<14-1)
	both := fx * fy >> 14
	neither := 1<<14 - fx - fy + both
	fx, fy = fx-both, fy-both
	a, b, c, d := above[0], above[1], below[0], below[1]
	const round = 1<<45 | 1<<13
	redBlue := (a&pairs*neither + b&pairs*fx + c&pairs*fy + d&pairs*both + round) >> 14 & pairs
	green := (a>>16&pairs*neither + b>>16&pairs*fx + c>>16&pairs*fy + d>>16&pairs*both + round) >> 14 & pairs
	return redBlue | green<<16
}

// mix does Mix for columns x to end.
func mix(next []uint64, rows *[3][]uint8, at []Place, base []uint64, share, x, end int) {
	const most = 64 // pixels at once
	var low, high [4 * (most + 2)]uint8
	for ; x < end; x += most {
		n := min(most, end-x)
		around(low[:4*(n+2)], high[:4*(n+2)], rows, 4*x, 4*len(next))
		for i := range n {
			v := expand(binary.LittleEndian.Uint32(rows[1][4*(x+i):]))
			if p := at[x+i]; p.X&1 != 0 {
				old := carried(p, base, len(next))
				old = clamp(old, expand(binary.LittleEndian.Uint32(low[4*i:])), expand(binary.LittleEndian.Uint32(high[4*i:])))
				v = lerp(v, old, uint64(share))
			}
			next[x+i] = v
		}
	}
}

func take(next []uint64, row []uint8) {
	for x := range next {
		next[x] = expand(binary.LittleEndian.Uint32(row[4*x:]))
	}
}

func show(dst, alpha []uint8, row []uint64) {
	for x, v := range row {
		a := alpha[4*x+3]
		store(dst[4*x:], v)
		dst[4*x+3] = a
	}
}
