package paint

import (
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Scene returns a landscape: mountains and woods behind a lake or meadows, under some
// sky of some hour, with trees and perhaps a house. Equal seeds give equal pictures.
func Scene(seed uint64, w, h int) *imageio.Image { return Moving(seed, w, h, 0) }

// Moving is Scene at a time in seconds: the camera goes sideways, past what is near
// faster than past what is far, clouds drift, and water moves.
func Moving(seed uint64, w, h int, time float64) *imageio.Image {
	l := newLandscape(seed, float64(w)/float64(h), time)
	return draw(w, h, l.at)
}

// hour is the light of a landscape.
type hour struct {
	high, middle, low color // of the sky
	sun               color
	cloud, shade      color // lit and not
	light             float64
}

var hours = []hour{
	{color{36, 98, 190}, color{112, 176, 226}, color{228, 236, 226}, color{255, 246, 200}, color{255, 253, 246}, color{176, 196, 220}, 1},    // noon
	{color{60, 82, 158}, color{214, 148, 158}, color{255, 216, 154}, color{255, 236, 178}, color{255, 214, 190}, color{150, 120, 160}, 0.92}, // morning
	{color{44, 40, 102}, color{190, 84, 104}, color{255, 168, 84}, color{255, 226, 150}, color{255, 160, 112}, color{96, 62, 112}, 0.8},      // evening
	{color{28, 92, 126}, color{110, 178, 178}, color{240, 232, 186}, color{255, 244, 196}, color{246, 246, 230}, color{120, 160, 172}, 0.95}, // mist
	{color{12, 20, 62}, color{32, 62, 124}, color{112, 142, 178}, color{250, 246, 222}, color{110, 130, 170}, color{36, 52, 100}, 0.55},      // night
}

// grounds are the colors of a meadow: lit, shaded, and its flowers.
var grounds = [][3]color{
	{{134, 176, 66}, {46, 100, 48}, {250, 228, 90}},
	{{190, 176, 84}, {120, 104, 52}, {214, 60, 48}},
	{{96, 152, 92}, {30, 84, 72}, {236, 236, 240}},
	{{206, 146, 76}, {132, 76, 48}, {120, 70, 150}},
	{{150, 186, 110}, {70, 120, 60}, {224, 110, 160}},
}

// landscape holds what a seed decides. Depths are shares of the camera's way.
type landscape struct {
	hour
	noise                            noise
	time, pan                        float64
	sunX, sunY, sunR                 float64
	clouds                           float64
	rock, wood                       color
	ground                           [3]color
	horizon, alps, jag, snow, forest float64
	lake                             bool
	shore                            float64 // where the lake ends
	trees                            []tree
	house                            bool
	houseX, houseY, houseSize        float64
	roof                             color
}

func newLandscape(seed uint64, aspect, time float64) *landscape {
	rng := rand.New(rand.NewPCG(seed, 2))
	l := &landscape{noise: newNoise(seed + 1), time: time, pan: 0.06 * time}
	l.hour = hours[[]int{0, 1, 2, 0, 3, 2, 4, 1}[rng.IntN(8)]]
	l.sunX, l.sunY, l.sunR = between(rng, 0.15, 0.85)*aspect, between(rng, 0.1, 0.34), between(rng, 0.035, 0.08)
	l.clouds = between(rng, -0.25, 0.2)
	l.rock = pick(rng, []color{{112, 116, 140}, {140, 112, 104}, {98, 120, 128}, {128, 104, 140}})
	l.wood = pick(rng, []color{{30, 74, 62}, {44, 82, 44}, {70, 70, 40}, {26, 58, 74}})
	l.ground = pick(rng, grounds)
	l.horizon = between(rng, 0.48, 0.62)
	l.alps, l.jag, l.snow = between(rng, 0.2, 0.46), between(rng, 0.9, 2.2), between(rng, 0, 0.2)
	l.forest = between(rng, 0.02, 0.045)
	l.lake = rng.IntN(3) > 0
	l.shore = l.horizon + between(rng, 0.16, 0.3)
	l.house, l.houseX, l.houseSize = rng.IntN(2) == 0, between(rng, 0.2, 0.8)*aspect, between(rng, 0.07, 0.11)
	l.houseY = max(l.shore, l.horizon+0.14) + 0.02
	l.roof = pick(rng, []color{{172, 66, 48}, {96, 60, 70}, {60, 76, 104}, {190, 120, 60}})
	for range 2 + rng.IntN(5) {
		l.trees = append(l.trees, newTree(rng, aspect, l.shore))
	}
	return l
}

// at returns the color of a point.
func (l *landscape) at(x, y float64) color {
	var c color
	switch near := l.bank(x); {
	case y > near:
		c = l.meadow(x, y, near)
	case l.lake && y > l.horizon:
		c = l.water(x, y)
	default:
		c = l.behind(x, y)
	}
	if l.house {
		c = l.cottage(c, x+l.pan*0.6, y)
	}
	for i := range l.trees {
		c = l.trees[i].over(c, x+l.pan*l.trees[i].depth, y, l)
	}
	return c
}

// sky returns the color of the air.
func (l *landscape) sky(x, y float64) color {
	t := y / l.horizon
	c := l.high.mix(l.middle, step(0, 0.65, t)).mix(l.low, step(0.45, 1.05, t))
	d := math.Hypot(x-l.sunX, y-l.sunY)
	c = c.mix(l.sun, 0.55*math.Exp(-d*d/0.02)+0.3*math.Exp(-d/0.25))
	if l.light < 0.6 { // stars
		if s := l.noise.lattice(int(x*170), int(y*170)); s > 0.985 && t < 0.8 {
			c = c.mix(color{255, 250, 230}, 0.8)
		}
	}
	c = c.mix(l.sun, step(l.sunR, l.sunR-0.006, d))
	// Clouds lie in layers that flatten toward the horizon.
	depth := 0.35 + 0.9*(1-t)
	u, v := (x+0.02*l.time)*1.6/depth, y*4.4/depth
	if thick := l.noise.rough(u, v, 5) + l.clouds; thick > 0 && t < 1.05 {
		lit := step(-0.25, 0.35, l.noise.rough(u+0.06, v+0.25, 3)-l.noise.rough(u, v, 3)+0.05)
		c = c.mix(l.shade.mix(l.cloud, lit), 0.9*step(0, 0.22, thick)*step(1.05, 0.6, t))
	}
	return c
}

// behind returns what is beyond the lake and the meadow, of which the nearest hides
// the others.
func (l *landscape) behind(x, y float64) color {
	air := l.low.mix(l.middle, 0.3)
	for _, f := range []float64{1, 0} { // wooded hills
		u := x + l.pan*(0.2+0.12*f)
		crest := l.horizon - 0.075 + 0.06*f + (0.11-0.05*f)*l.noise.rough(u*1.2+40*f, 3, 2)
		if y < crest-l.forest {
			continue
		}
		crest -= l.forest * (0.6 + 0.4*f) * conifers(l.noise, u*(56-16*f)+100*f)
		if y < crest {
			continue
		}
		tone := 0.75 + 0.5*l.noise.rough(u*24, y*20, 2) + 0.9*step(0.05, 0, y-crest) - 0.3
		return l.wood.scaled(l.light*tone).mix(air, 0.5-0.28*f)
	}
	for _, f := range []float64{1, 0} { // mountains
		u := (x+l.pan*(0.05+0.07*f))*l.jag + 31*f
		crest := l.horizon - 0.02 - l.alps*(1-0.45*f)*(l.noise.peaks(u, 7*f, 5)*1.9-0.75)
		if y < crest {
			continue
		}
		// Faces turn to the sun or away; their edges run down from the crests.
		below := y - crest
		face := l.noise.peaks(u*2.2+below*2.5, below*5+9*f, 4) - l.noise.peaks(u*2.2+below*2.5-0.09, below*5+9*f, 4)
		lit := step(-0.07, 0.07, face*sign(x-l.sunX))
		rock := l.rock.scaled(0.55 + 0.6*lit)
		if cover := l.snow + 0.05*l.noise.at(u*9, y*30); below < cover*(1-0.7*f) {
			rock = l.cloud.mix(l.shade, 0.75*(1-lit))
		}
		return rock.scaled(l.light).mix(air, 0.55-0.3*f+0.25*step(0, 0.25, below))
	}
	return l.sky(x, y)
}

// conifers is the height of a row of firs, of 0..1.
func conifers(n noise, x float64) float64 {
	high := 0.0
	for k := -1; k <= 1; k++ {
		at := int(math.Floor(x)) + k
		tall := 0.55 + 0.45*n.lattice(at, 77)
		off := math.Abs(x - float64(at) - 0.5 - 0.3*n.lattice(at, 78))
		high = max(high, tall*(1-1.3*off))
	}
	return high
}

func sign(x float64) float64 { return math.Copysign(1, x) }

// bank returns where the ground in front begins.
func (l *landscape) bank(x float64) float64 {
	u := x + l.pan*0.6
	if !l.lake {
		return l.horizon + 0.03*l.noise.rough(u*0.9, 1, 2)
	}
	return l.shore + 0.09*l.noise.rough(u*0.8, 2, 3)
}

// water mirrors what is behind it in ripples.
func (l *landscape) water(x, y float64) color {
	depth := y - l.horizon
	far := 0.02 + depth
	wave := l.noise.rough((x+l.pan*0.3)*5/far*0.3, depth*26/(far+0.1)+l.time*0.9, 3)
	c := l.behind(x+0.06*wave*far, l.horizon-depth*0.9+0.1*wave*far)
	c = c.mix(l.high, 0.28).scaled(0.93 + 0.22*wave)
	if math.Abs(x-l.sunX) < 0.03+0.3*depth && wave > 0.18 {
		c = c.mix(l.sun, 0.75*l.glitter(depth))
	}
	return c
}

func (l *landscape) glitter(depth float64) float64 { return step(0.4, 0, depth) }

// meadow is the ground in front.
func (l *landscape) meadow(x, y, near float64) color {
	deep := y - near
	// The place on the plain, across and away.
	far := 0.14 / (0.05 + y - l.horizon + 0.06)
	u, v := (x-0.9)*far+0.5*l.pan, 3*far
	lit := l.noise.rough(u*2.6, v*2.6, 3)
	c := l.ground[1].mix(l.ground[0], step(-0.4, 0.4, lit))
	c = c.scaled(1 + 0.16*l.noise.at(x*90+l.pan*60, y*34) + 0.12*l.noise.rough(u*22, v*22, 2))
	gx, gy := math.Floor(u*50), math.Floor(v*36)
	if n := l.noise; deep > 0.02 && n.lattice(int(gx), int(gy)) > 0.75-0.9*n.at(u*2.3, v*2.3+9) {
		dx, dy := u*50-gx-0.5-0.2*n.lattice(int(gx), int(gy)+99), v*36-gy-0.5
		if dx*dx+dy*dy < 0.06 {
			c = l.ground[2]
		}
	}
	if l.lake {
		c = c.mix(color{206, 190, 150}, step(0.018, 0.004, deep))
	}
	return c.scaled(l.light).mix(l.low, 0.22*step(0.2, 0, deep))
}

// cottage puts the house over c.
func (l *landscape) cottage(c color, x, y float64) color {
	s := l.houseSize
	u, v := (x-l.houseX)/s, (y-l.houseY)/s
	wall := color{236, 224, 196}.mix(l.low, 0.2)
	switch {
	case math.Abs(u) < 1 && v > -1 && v < 0:
		c = wall.scaled(1 - 0.22*step(0, 1, u))
		if math.Abs(math.Mod(u+3, 0.7)-0.35) < 0.14 && v > -0.72 && v < -0.36 {
			c = color{70, 74, 96}
			if l.light < 0.9 {
				c = color{255, 206, 110}
			}
		}
	case math.Abs(u) < 1.18 && v <= -1 && v > -1.75+0.64*math.Abs(u)*step(0.6, 0.6001, math.Abs(u)):
		if slope := -1.72 + 0.61*math.Max(math.Abs(u), 0.35); v > slope {
			c = l.roof.scaled(0.85 + 0.2*l.noise.at(x*40, y*160) + 0.15*step(0, -1, u))
		}
	case u > 0.45 && u < 0.66 && v < -1.3 && v > -2:
		c = l.roof.scaled(0.6)
	default:
		return c
	}
	return c.scaled(0.35 + 0.65*l.light)
}
