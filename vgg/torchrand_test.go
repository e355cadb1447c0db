package vgg_test

import "math"

// torchRandn returns what torch.randn draws from a CPU generator seeded with
// seed, n >= 16 values: Mersenne Twister (Matsumoto and Nishimura,
// doi:10.1145/272991.272995) and the Box-Muller transform in groups of 16, as in
// aten/src/ATen/native/cpu/DistributionTemplates.h.
func torchRandn(seed uint32, n int) []float32 {
	mt := newMersenneTwister(seed)
	uniform := func() float32 { return float32(mt.next()&(1<<24-1)) * 0x1p-24 }
	v := make([]float32, n)
	for i := range v {
		v[i] = uniform()
	}
	group := func(v []float32) {
		for j := range 8 {
			radius := math.Sqrt(-2 * math.Log(1-float64(v[j])))
			theta := 2 * math.Pi * float64(v[j+8])
			v[j], v[j+8] = float32(radius*math.Cos(theta)), float32(radius*math.Sin(theta))
		}
	}
	for i := 0; i+16 <= n; i += 16 {
		group(v[i : i+16])
	}
	if n%16 != 0 { // the last 16 are drawn anew
		last := v[n-16:]
		for i := range last {
			last[i] = uniform()
		}
		group(last)
	}
	return v
}

type mersenneTwister struct {
	state [624]uint32
	at    int
}

func newMersenneTwister(seed uint32) *mersenneTwister {
	m := &mersenneTwister{at: 624}
	m.state[0] = seed
	for i := 1; i < 624; i++ {
		prev := m.state[i-1]
		m.state[i] = 1812433253*(prev^prev>>30) + uint32(i)
	}
	return m
}

func (m *mersenneTwister) next() uint32 {
	if m.at == 624 {
		for i := range m.state {
			y := m.state[i]&0x80000000 | m.state[(i+1)%624]&0x7fffffff
			m.state[i] = m.state[(i+397)%624] ^ y>>1
			if y&1 != 0 {
				m.state[i] ^= 0x9908b0df
			}
		}
		m.at = 0
	}
	y := m.state[m.at]
	m.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}
