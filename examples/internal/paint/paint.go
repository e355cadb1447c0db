// Package paint draws pictures by code: a style and any number of scenes, so that
// the examples train and stylize without a file to download.
package paint

import (
	"math"
	"math/rand/v2"

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

// draw fills a picture with f of every pixel's center, in units of its height.
func draw(w, h int, f func(x, y float64) color) *imageio.Image {
	img := imageio.New(w, h)
	for py := range h {
		for px := range w {
			c := f((float64(px)+0.5)/float64(h), (float64(py)+0.5)/float64(h))
			for i, v := range c {
				img.Pix[3*(py*w+px)+i] = uint8(math.Round(min(max(v, 0), 255)))
			}
		}
	}
	return img
}

// glass is the palette of the style.
var glass = []color{
	{222, 44, 38}, {246, 148, 30}, {252, 214, 66}, {28, 122, 76},
	{22, 92, 168}, {58, 40, 124}, {18, 164, 176}, {238, 230, 206},
}

// Style returns a square picture of stained glass: cells of strong colors with a
// grain, in dark lead. Equal seeds give equal pictures.
func Style(seed uint64, size int) *imageio.Image {
	rng := rand.New(rand.NewPCG(seed, 1))
	const cells = 90
	var x, y [cells]float64
	var paint [cells]color
	for i := range cells {
		x[i], y[i] = rng.Float64(), rng.Float64()
		paint[i] = glass[rng.IntN(len(glass))]
	}
	grain := newNoise(seed + 1)
	return draw(size, size, func(px, py float64) color {
		// The distance to the border between the two nearest cells.
		first, second, cell := math.Inf(1), math.Inf(1), 0
		for i := range cells {
			d := math.Hypot(px-x[i], py-y[i])
			if d < first {
				first, second, cell = d, first, i
			} else if d < second {
				second = d
			}
		}
		if second-first < 0.012 {
			return color{16, 14, 20}
		}
		light := 0.8 + 0.35*grain.at(px*40, py*9) + 0.25*grain.at(px*6, py*6)
		return paint[cell].scaled(light)
	})
}

// Scene returns a picture of hills under a sky, with a sun, trees and perhaps a
// house, in the given size. Equal seeds give equal pictures.
func Scene(seed uint64, w, h int) *imageio.Image {
	rng := rand.New(rand.NewPCG(seed, 2))
	noise := newNoise(seed)
	aspect := float64(w) / float64(h)

	top, low := pick(rng, skies), color{244, 226, 200}
	sunX, sunY, sunR := rng.Float64()*aspect, 0.1+0.25*rng.Float64(), 0.05+0.06*rng.Float64()
	ground := pick(rng, meadows)
	horizon := 0.45 + 0.15*rng.Float64()
	type disc struct{ x, y, r float64 }
	var trees []disc
	for range 3 + rng.IntN(6) {
		y := horizon + 0.08 + 0.35*rng.Float64()
		trees = append(trees, disc{rng.Float64() * aspect, y, 0.05 + 0.12*(y-horizon)/0.4})
	}
	house, houseX, houseY := rng.IntN(3) > 0, (0.2+0.6*rng.Float64())*aspect, horizon+0.2

	return draw(w, h, func(x, y float64) color {
		c := top.mix(low, min(y/horizon, 1))
		if cloud := noise.at(x*3+7, y*8) + 0.5*noise.at(x*9, y*21); cloud > 0.35 {
			c = c.mix(color{255, 252, 246}, min((cloud-0.35)*2, 0.85))
		}
		if math.Hypot(x-sunX, y-sunY) < sunR {
			c = color{255, 238, 150}
		}
		for layer := range 3 {
			f := float64(layer)
			ridge := horizon - 0.12 + 0.09*f + 0.08*noise.at(x*(2+f)+11*f, 3*f)
			if y > ridge {
				c = ground.mix(color{150, 170, 196}, 0.7-0.33*f).scaled(1 + 0.2*noise.at(x*25, y*40))
			}
		}
		if house && math.Abs(x-houseX) < 0.11 {
			roof := houseY - 0.1 + math.Abs(x-houseX)
			switch {
			case y > houseY && y < houseY+0.13:
				c = color{232, 220, 190}
				if math.Mod(math.Abs(x-houseX)+0.02, 0.06) < 0.025 && y > houseY+0.04 && y < houseY+0.09 {
					c = color{58, 66, 88}
				}
			case y > roof && y <= houseY:
				c = color{168, 70, 52}
			}
		}
		for _, t := range trees {
			if math.Abs(x-t.x) < 0.1*t.r && y > t.y && y < t.y+1.6*t.r {
				c = color{84, 58, 40}
			}
			if d := math.Hypot(x-t.x, y-t.y) + 0.25*t.r*noise.at(x*40, y*40); d < t.r {
				c = color{34, 84, 44}.mix(color{124, 162, 72}, (t.y-y)/t.r/2+0.5).scaled(1 + 0.25*noise.at(x*60, y*60))
			}
		}
		return c
	})
}

var (
	skies   = []color{{72, 132, 206}, {40, 74, 150}, {222, 126, 96}, {128, 176, 214}}
	meadows = []color{{88, 140, 66}, {150, 142, 70}, {70, 118, 88}, {176, 132, 84}}
)

func pick(rng *rand.Rand, from []color) color { return from[rng.IntN(len(from))] }

// noise is smooth value noise of roughly -1..1.
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

func smooth(t float64) float64 { return t * t * (3 - 2*t) }
