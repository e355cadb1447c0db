package paint

import (
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Style returns a square picture of a window of stained glass: the sun over a river
// among hills, in pieces of strong colors, streaked and lit from behind, in lead.
// Equal seeds give equal pictures.
func Style(seed uint64, size int) *imageio.Image {
	w := newWindow(seed)
	// Which piece is where, on points as close as those that are drawn.
	n := drawParts * size
	w.cut = make([]piece, n*n)
	for i := range w.cut {
		w.cut[i] = w.piece((float64(i%n)+0.5)/float64(n), (float64(i/n)+0.5)/float64(n))
	}
	w.points = n
	return draw(size, size, w.at)
}

// piece is a piece of glass: what it is cut from, and its number.
type piece struct{ kind, id int }

// window is a design for stained glass.
type window struct {
	noise      noise
	sunX, sunY float64
	pieces     int
	cut        []piece // points x points of them
	points     int
}

// near returns the piece at a point, or the nearest of the window.
func (w *window) near(x, y float64) piece {
	at := func(v float64) int { return min(max(int(v*float64(w.points)), 0), w.points-1) }
	return w.cut[at(y)*w.points+at(x)]
}

func newWindow(seed uint64) *window {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &window{noise: newNoise(seed + 5), sunX: between(rng, 0.3, 0.7), sunY: between(rng, 0.26, 0.36), pieces: 10 + rng.IntN(4)}
}

// The glass that each part of the window is cut from.
var glass = [][]color{
	{{255, 214, 84}, {250, 176, 48}, {255, 236, 160}},                                 // the sun
	{{240, 128, 40}, {222, 70, 38}, {250, 180, 70}, {214, 44, 60}, {255, 206, 104}},   // its light
	{{34, 92, 180}, {24, 60, 140}, {60, 140, 210}, {96, 80, 170}, {130, 196, 226}},    // the sky
	{{24, 118, 84}, {96, 160, 60}, {18, 86, 92}, {170, 180, 60}},                      // hills
	{{30, 120, 190}, {120, 200, 220}, {20, 76, 150}, {226, 240, 236}, {64, 168, 190}}, // the river
	{{120, 40, 90}, {190, 50, 70}, {230, 110, 50}, {80, 36, 110}, {150, 30, 50}},      // the ground
}

// piece says which piece of glass a point is on.
func (w *window) piece(x, y float64) piece {
	x += 0.014 * w.noise.at(x*6, y*6)
	y += 0.014 * w.noise.at(x*6+50, y*6)
	dx, dy := x-w.sunX, y-w.sunY
	r, turn := math.Hypot(dx, dy), math.Atan2(dy, dx)/(2*math.Pi)+0.5
	hill := 0.62 + 0.07*math.Sin(5*x+1) + 0.04*math.Sin(11*x)
	river := 0.5 + 0.12*math.Sin(y*9) + 0.02*math.Sin(y*23)
	wide := 0.04 + 0.36*(y-0.6)
	switch {
	case y > hill && math.Abs(x-river) < wide:
		row := math.Floor(y*22 + 1.2*math.Sin(x*14))
		return piece{4, 4000 + int(row)*16 + int(math.Floor((x-river)/wide*1.3+2+0.5*math.Mod(row, 2)))}
	case y > hill+0.2+0.05*math.Sin(7*x+2):
		row := math.Floor((y - 0.1*math.Sin(6*x)) * 12)
		return piece{5, 5000 + int(row)*64 + int(math.Floor(x*8+0.5*math.Mod(row, 2)+0.3*w.noise.at(row, 3)))}
	case y > hill:
		row := math.Floor((y - hill) * 15)
		return piece{3, 3000 + int(row)*64 + int(math.Floor(x*7+0.5*math.Mod(row, 2)+y*2))}
	case r < 0.1:
		if r < 0.045 {
			return piece{0, 0}
		}
		return piece{0, 1 + int(turn*6)}
	}
	// Rings around the sun, cut into more pieces the wider they are.
	ring := math.Floor((r-0.1)/0.085 + 0.12*math.Sin(turn*2*math.Pi*5))
	n := float64(w.pieces) + math.Floor(ring/2)*4
	k := math.Floor(math.Mod(turn+0.5*math.Mod(ring, 2)/n+1, 1) * n)
	kind := 2
	if ring < 2 || ring < 4 && math.Mod(k, 2) == 0 {
		kind = 1
	}
	return piece{kind, 100 + int(ring)*100 + int(k)}
}

// lead is half the width of the cames.
const lead = 0.008

func (w *window) at(x, y float64) color {
	here := w.near(x, y)
	id := here.id
	// Where a point nearby is on another piece there is lead, rounded.
	edge := 1.0
	for i := range 24 {
		a := float64(i%8) * math.Pi / 4
		d := lead * float64(i/8+1) / 3
		if w.near(x+d*math.Cos(a), y+d*math.Sin(a)) != here {
			edge = min(edge, d/lead)
		}
	}
	if edge < 1 {
		return color{18, 16, 22}.mix(color{70, 66, 74}, 0.7*(1-edge)*step(-0.3, 0.6, w.noise.at(x*9, y*9)))
	}
	n := w.noise
	palette := glass[here.kind]
	c := palette[(id*7+int(3*(1+n.lattice(id, 4))))%len(palette)]
	a := math.Pi * n.lattice(id, 1) // streaks run as the piece was cut
	u, v := x*math.Cos(a)+y*math.Sin(a), y*math.Cos(a)-x*math.Sin(a)
	u += 0.03 * n.at(x*14, y*14)
	light := 0.86 + 0.2*n.lattice(id, 2) + 0.26*n.rough(u*34, v*5, 3) + 0.14*n.at(x*70, y*70)
	c = c.scaled(light)
	if shine := n.rough(u*16+9, v*3, 2); shine > 0.15 {
		c = c.mix(color{255, 250, 232}, 0.5*(shine-0.15)/0.45)
	}
	return c
}
