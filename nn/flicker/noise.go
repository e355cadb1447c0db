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
	for _, c := range []struct {
		sigma float64
		gain  *float64
	}{{1, &g.report.NoiseGain1}, {4, &g.report.NoiseGain4}} {
		noisy := x.crop(0, 0, w, h)
		var in, out float64
		for i := range noisy.data {
			n := float32(c.sigma * g.rng.NormFloat64())
			noisy.data[i] += n
			in += math.Abs(float64(n))
		}
		moved, err := g.style(noisy)
		if err != nil {
			return err
		}
		for y := range h {
			for x := range w {
				d := moved.difference(x, y, still, x, y)
				out += 3 * d
				if c.sigma == 1 {
					g.warm(x, y, d)
				}
			}
		}
		*c.gain += g.part * out / in
		if c.sigma == 1 {
			g.report.NoiseChange1 += g.part * out / float64(len(x.data))
		}
	}
	return nil
}
