// Package paint draws pictures by code: styles and any number of landscapes, which
// may move, so that the examples train and stylize without a file to download.
package paint

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/impasto-go/impasto/nn/imageio"
)

// color is red, green and blue in 0..255.
type color [3]float64

func (c color) mix(d color, t float64) color {
	for i := range c {
		c[i] += (d[i] - c[i]) * t
	}
	return c
}

func (c color) scaled(f float64) color { return color{}.mix(c, f) }

// drawParts is how many points of a pixel are drawn, in each direction.
const drawParts = 2

// draw fills a picture with the mean of f over each pixel, in units of its height.
func draw(w, h int, f func(x, y float64) color) *imageio.Image {
	const parts = drawParts
	img := imageio.New(w, h)
	unit := 1 / float64(parts*h)
	row := func(py int) {
		for px := range w {
			var sum color
			for s := range parts * parts {
				c := f((float64(px*parts+s%parts)+0.5)*unit, (float64(py*parts+s/parts)+0.5)*unit)
				for i, v := range c {
					sum[i] += min(max(v, 0), 255)
				}
			}
			for i, v := range sum {
				img.Pix[3*(py*w+px)+i] = uint8(math.Round(v / (parts * parts)))
			}
		}
	}
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for first := range workers {
		group.Go(func() {
			for py := first; py < h; py += workers {
				row(py)
			}
		})
	}
	group.Wait()
	return img
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// between returns a random number of a..b.
func between(rng *rand.Rand, a, b float64) float64 { return a + (b-a)*rng.Float64() }

// noise is smooth value noise of -1..1.
type noise struct{ seed uint64 }

func newNoise(seed uint64) noise { return noise{seed * 0x9E3779B97F4A7C15} }

// lattice returns the random value of an integer point, by SplitMix64's finalizer.
func (n noise) lattice(x, y int) float64 {
	z := n.seed + uint64(x)*0xBF58476D1CE4E5B9 + uint64(y)*0x94D049BB133111EB
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return float64((z^z>>31)>>11)/(1<<52) - 1
}

func (n noise) at(x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	u, v := smooth(x-fx), smooth(y-fy)
	top := n.lattice(ix, iy)*(1-u) + n.lattice(ix+1, iy)*u
	low := n.lattice(ix, iy+1)*(1-u) + n.lattice(ix+1, iy+1)*u
	return top*(1-v) + low*v
}

// rough is noise with finer and fainter noise on it, so many times.
func (n noise) rough(x, y float64, times int) float64 {
	sum, high := 0.0, 0.6
	for range times {
		sum += high * n.at(x, y)
		x, y, high = 2.03*x+17.1, 2.03*y+5.3, high/2
	}
	return sum
}

// peaks is rough noise with sharp crests, of 0..1.
func (n noise) peaks(x, y float64, times int) float64 {
	sum, high := 0.0, 0.5
	for range times {
		sum += high * (1 - math.Abs(n.at(x, y)))
		x, y, high = 2.1*x+11.7, 2.1*y+3.1, high/2
	}
	return sum
}

func smooth(t float64) float64 { return t * t * (3 - 2*t) }

// step goes from 0 at a to 1 at b, smoothly.
func step(a, b, x float64) float64 { return smooth(min(max((x-a)/(b-a), 0), 1)) }
