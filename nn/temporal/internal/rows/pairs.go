package rows

import "encoding/binary"

// Arithmetic on pixels is done on pairs of their numbers, which have 32 bits each: red
// and blue, and green. That on bytes is done on eight of them.

const pairs = 0x0000ffff0000ffff

// expand makes a pixel of RGBA bytes, without alpha.
func expand(rgba uint32) uint64 {
	v := uint64(rgba)
	return (v&0xff | v&0xff00<<8 | v&0xff0000<<16) << 7
}

// store writes a pixel as three bytes.
func store(to []uint8, v uint64) {
	v += 64 * 0x000100010001 // halves are rounded up
	_ = to[2]
	to[0], to[1], to[2] = uint8(v>>7), uint8(v>>23), uint8(v>>39)
}

// lerp returns a + t*(b-a) for t in 32768ths, rounded.
func lerp(a, b, t uint64) uint64 {
	return lerpPair(a&pairs, b&pairs, t) | lerpPair(a>>16&pairs, b>>16&pairs, t)<<16
}

// lerpPair multiplies both differences at once. They may be negative, but the sums that
// come out are not, so neither borrows from the other.
func lerpPair(a, b, t uint64) uint64 {
	const half = 1<<46 | 1<<14
	return (a<<15 + (b-a)*t + half) >> 15 & pairs
}

// clamp returns v, but no less than low and then no more than high.
func clamp(v, low, high uint64) uint64 {
	v ^= (v ^ low) & less(v, low)
	return v ^ (v^high)&less(high, v)
}

// less returns all ones in each of four numbers, below 32768, in which a is below b.
func less(a, b uint64) uint64 {
	const top = 0x8000800080008000
	return (^((a | top) - b) & top) >> 15 * 0xffff
}

// around sets low and high to the least and the largest bytes of n pixels and of those
// around them, from byte x of three rows of width bytes on. The slices have room for two
// pixels more.
func around(low, high []uint8, rows *[3][]uint8, x, width int) {
	n := len(low)
	first, last := max(x-4, 0), min(x+n-4, width)
	skip := first - (x - 4)
	extremes(low[skip:], high[skip:], rows[0][first:last], rows[1][first:last], rows[2][first:last])
	for _, side := range [2][]uint8{low, high} { // the edges are their own neighbors
		if skip > 0 {
			copy(side[:4], side[4:8])
		}
		if x+n-4 > width {
			copy(side[n-4:], side[n-8:n-4])
		}
	}
	// In place: what is read lies ahead of what is written.
	n -= 8
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

// extremes sets low and high to the least and the largest of each byte of three rows.
func extremes(low, high, above, row, below []uint8) {
	n := len(row)
	i := 0
	for ; i+8 <= n; i += 8 {
		a, b, c := binary.LittleEndian.Uint64(above[i:]), binary.LittleEndian.Uint64(row[i:]), binary.LittleEndian.Uint64(below[i:])
		binary.LittleEndian.PutUint64(low[i:], lower(a, b, c))
		binary.LittleEndian.PutUint64(high[i:], higher(a, b, c))
	}
	for ; i < n; i++ {
		low[i], high[i] = min(above[i], row[i], below[i]), max(above[i], row[i], below[i])
	}
}

// notLess returns 255 in each of eight bytes in which a is at least b.
func notLess(a, b uint64) uint64 {
	const top = 0x8080808080808080
	d := (a | top) - b&^top
	return ((a&^b | ^(a^b)&d) & top) >> 7 * 255
}

// lower and higher return the lower and higher of three in each of eight bytes.
func lower(a, b, c uint64) uint64 {
	a ^= (a ^ b) & notLess(a, b)
	return a ^ (a^c)&notLess(a, c)
}

func higher(a, b, c uint64) uint64 {
	a ^= (a ^ b) & notLess(b, a)
	return a ^ (a^c)&notLess(c, a)
}
