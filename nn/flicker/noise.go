package flicker

import "math"

// noise measures the answer to noise, and the detail.
func (g *gauge) noise() error {
	w, h := g.whole(0)
	x := g.picture.crop(0, 0, w, h)
	still, err := g.style(x)
	if err != nil {
		return err
	}
	g.report.Detail += g.part * still.detail()
	g.report.DetailInput += g.part * x.detail()
	in, out, err := g.answer(x, still, 1)
	if err != nil {
		return err
	}
	g.report.NoiseGain1 += g.part * out / in
	g.report.NoiseChange1 += g.part * out
	in, out, err = g.answer(x, still, 4)
	g.report.NoiseGain4 += g.part * out / in
	return err
}

// answer adds noise of sigma levels to the picture x, whose result is still, and
// returns the mean size of the noise and of the change in the result.
func (g *gauge) answer(x, still *planes, sigma float64) (in, out float64, err error) {
	noisy := x.crop(0, 0, x.w, x.h)
	for i := range noisy.data {
		n := float32(sigma * g.rng.NormFloat64())
		noisy.data[i] += n
		in += math.Abs(float64(n))
	}
	moved, err := g.style(noisy)
	if err != nil {
		return in, 0, err
	}
	for y := range x.h {
		for x := range x.w {
			d := moved.difference(x, y, still, x, y)
			out += 3 * d
			if sigma == 1 {
				g.warm(x, y, d)
			}
		}
	}
	n := float64(len(x.data))
	return in / n, out / n, nil
}
