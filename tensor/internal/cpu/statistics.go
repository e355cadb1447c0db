package cpu

import "github.com/impasto-go/impasto/tensor/internal/f32"

// planeStats are the statistics of pieces of a tensor's planes, left there by the
// convolution that computed it for the normalization that follows: for each plane
// and piece, sums as statistics leaves them.
type planeStats struct {
	sums   []float64
	pieces int // per plane; 0 if there are none
	size   int // pixels per piece
}

// reset makes room for the statistics of planes, from the pool.
func (s *planeStats) reset(p *pool, planes, pieces, size int) {
	if n := planes * pieces * 2 * f32.Lanes; len(s.sums) != n {
		s.release(p)
		if list := p.sums[n]; len(list) > 0 {
			s.sums, p.sums[n] = list[len(list)-1], list[:len(list)-1]
		} else {
			s.sums = make([]float64, n)
		}
	}
	s.pieces, s.size = pieces, size
}

// release gives the memory back.
func (s *planeStats) release(p *pool) {
	if s.sums != nil {
		if p.sums == nil {
			p.sums = map[int][][]float64{}
		}
		p.sums[len(s.sums)] = append(p.sums[len(s.sums)], s.sums)
	}
	*s = planeStats{}
}

// of returns the sums of a piece.
func (s *planeStats) of(plane, piece int) []float64 {
	return s.sums[(plane*s.pieces+piece)*2*f32.Lanes:][:2*f32.Lanes]
}

// statPixels is how many floats statistics takes at a time: they stay in the
// first-level cache between its two looks at them, or in the second, with blocks,
// whose 16 means cost more to merge.
const (
	statPixels = 4096
	statBlocks = 16384
)

// far is the ratio of a plane's mean to its deviation from which on sums in
// float32 and x*scale+shift would lose bits to cancellation.
const far = 8

// statistics leaves the mean and the sum of squared deviations of each lane of x in
// sums, merging chunks as Chan et al. do (Algorithms for computing the sample
// variance, 1983), so that no cancellation spoils planes far from zero.
func statistics(sums []float64, x []float32, lanes int) {
	var count float64
	clear(sums)
	size := statPixels
	if lanes > 1 {
		size = statBlocks
	}
	mean, dev := (*[f32.Lanes]float64)(sums), (*[f32.Lanes]float64)(sums[f32.Lanes:])
	for rest := x; len(rest) > 0; {
		c := rest[:min(len(rest), size)]
		rest = rest[len(c):]
		n := float64(len(c) / lanes)
		var s, d [f32.Lanes]float64
		if lanes == 1 {
			s[0] = f32.Sum(c) / n
			m := float32(s[0])
			e := s[0] - float64(m) // the mean was rounded to float32
			d[0] = f32.SqDev(c, m) - n*e*e
		} else {
			var m [f32.Lanes]float32
			f32.Sum16(&s, c)
			for l := range s {
				s[l] /= n
				m[l] = float32(s[l])
			}
			f32.SqDev16(&d, c, &m)
			for l := range d {
				e := s[l] - float64(m[l])
				d[l] -= n * e * e
			}
		}
		share := n / (count + n)
		for l := range lanes {
			delta := s[l] - mean[l]
			mean[l] += delta * share
			dev[l] += d[l] + delta*delta*count*share
		}
		count += n
	}
	for l := range lanes {
		if mean[l]*mean[l]*count > far*far*dev[l] {
			mean[l], dev[l] = exactStatistics(x[l:], lanes)
		}
	}
}

// exactStatistics computes the statistics of one lane in float64 throughout, for
// planes far from zero.
func exactStatistics(x []float32, lanes int) (mean, dev float64) {
	n := 0.0
	for i := 0; i < len(x); i += lanes {
		mean += float64(x[i])
		n++
	}
	mean /= n
	for i := 0; i < len(x); i += lanes {
		d := float64(x[i]) - mean
		dev += d * d
	}
	return mean, dev
}
