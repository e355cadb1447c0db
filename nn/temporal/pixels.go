package temporal

import "encoding/binary"

// A pixel of a picture is four numbers of 16 bits, red lowest, in 256ths of a level.
// Arithmetic is done on pairs of them, which have 32 bits each: red and blue, and green.
const pairs = 0x0000ffff0000ffff

// halfWeight rounds what was multiplied by weights that add up to 32768.
const halfWeight = 1<<46 | 1<<14

// unpack returns RGBA bytes, red lowest, as pairs; without alpha.
func unpack(rgba uint32) (redBlue, green uint64) {
	return uint64(rgba&0xff)<<8 | uint64(rgba&0xff0000)<<24, uint64(rgba & 0xff00)
}

// blend returns a + t*(b-a) for t of 0 to 32768, rounded.
func blend(a, b, t uint64) uint64 {
	return (a*(32768-t) + b*t + halfWeight) >> 15 & pairs
}

// within returns the pairs v, but no less than low and no more than high.
func within(v, low, high uint64) uint64 {
	const top = 1<<63 | 1<<31
	below := ((v | top) - low) & top >> 31 * 0xffff // where v is not below
	v = low ^ (low^v)&below
	above := ((high | top) - v) & top >> 31 * 0xffff
	return high ^ (high^v)&above
}

// store writes pairs as three bytes.
func store(to []uint8, redBlue, green uint64) {
	const half = 1<<39 | 1<<7
	redBlue += half
	_ = to[2]
	to[0], to[1], to[2] = uint8(redBlue>>8), uint8((green+half)>>8), uint8(redBlue>>40)
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
