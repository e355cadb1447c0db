package paint

import (
	"math"
	"math/rand/v2"
)

// tree is one in front: a trunk under clumps of leaves, or a fir.
type tree struct {
	x, y, size, depth float64 // of the foot; the height of all
	fir               bool
	leaf              [2]color // shaded and lit
	clumps            []clump
	noise             noise
}

// clump is a ball of leaves, in units of the tree's size from its foot.
type clump struct{ x, y, r float64 }

var leaves = [][2]color{
	{{22, 66, 44}, {140, 176, 70}}, {{34, 84, 40}, {176, 196, 84}}, {{120, 50, 30}, {240, 170, 60}},
	{{90, 30, 44}, {226, 96, 80}}, {{20, 60, 66}, {110, 170, 140}},
}

func newTree(rng *rand.Rand, aspect, shore float64) tree {
	near := rng.Float64()
	t := tree{
		x: rng.Float64() * aspect, y: shore + 0.03 + 0.25*near, size: between(rng, 0.22, 0.36) + 0.28*near,
		depth: 0.7 + 0.35*near, fir: rng.IntN(3) == 0, leaf: pick(rng, leaves), noise: newNoise(rng.Uint64()),
	}
	if t.fir {
		t.leaf = pick(rng, [][2]color{{{14, 50, 42}, {74, 124, 74}}, {{20, 58, 36}, {104, 140, 64}}, {{16, 44, 60}, {84, 132, 128}}})
		return t
	}
	// From the back to the front, which is lower.
	n := 14 + rng.IntN(10)
	for i := range n {
		a, r := rng.Float64()*2*math.Pi, math.Sqrt(rng.Float64())
		y := -0.68 + 0.2*float64(i)/float64(n) + 0.2*r*math.Sin(a)
		t.clumps = append(t.clumps, clump{0.3 * r * math.Cos(a) * (1 + (y+0.7)*0.6), y, between(rng, 0.08, 0.16)})
	}
	return t
}

// over puts the tree over c, which is at a point.
func (t *tree) over(c color, x, y float64, l *landscape) color {
	u, v := (x-t.x)/t.size, (y-t.y)/t.size
	if math.Abs(u) > 0.7 || v < -1.15 || v > 0.06 {
		return c
	}
	if shadow := math.Hypot(u/0.42, v/0.05); shadow < 1 && v > -0.04 {
		c = c.scaled(0.6 + 0.4*shadow)
	}
	if trunk := 0.028 + 0.02*step(-0.15, 0, v) + 0.006*t.noise.at(v*14, 0); math.Abs(u) < trunk && v > -0.6 && v < 0.01 {
		c = color{92, 66, 48}.scaled((0.7 + 0.5*u*sign(l.sunX-t.x)/trunk + 0.2*t.noise.at(u*60, v*9)) * l.light)
	}
	side := sign(l.sunX - t.x)
	if t.fir {
		return t.needles(c, u, v, side, l.light)
	}
	ragged := 0.035 * t.noise.rough(u*16, v*16, 2)
	for i := range t.clumps {
		k := &t.clumps[i]
		dx, dy := (u-k.x)/k.r, (v-k.y)/k.r
		d := math.Hypot(dx, dy) + ragged/k.r
		if d > 1 {
			continue
		}
		lit := 0.5 + 0.4*(0.6*dx*side-0.8*dy) + 0.3*t.noise.rough(u*26, v*26, 3)
		c = t.leaf[0].mix(t.leaf[1], step(0.15, 1, lit)).scaled(l.light * (1 - 0.3*d*d))
	}
	return c
}

// needles are tiers of branches, wider below.
func (t *tree) needles(c color, u, v, side, light float64) color {
	const tiers = 7
	down := (v + 1.1) / 1.0 // from the top
	if down < 0 || down > 1 {
		return c
	}
	tier := math.Mod(down*tiers+0.8*t.noise.at(u*7, down*3), 1)
	wide := 0.3 * down * (0.55 + 0.45*tier) * (1 + 0.3*t.noise.at(v*40, u*12))
	if math.Abs(u) > wide {
		return c
	}
	lit := 0.45 + 0.35*u/0.25*side + 0.35*(1-tier) - 0.1 + 0.35*t.noise.rough(u*30, v*44, 3)
	return t.leaf[0].mix(t.leaf[1], step(0.1, 1, lit)).scaled(light)
}
