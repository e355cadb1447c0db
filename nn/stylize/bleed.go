package stylize

// bleeder gives transparent pixels the colors of their surroundings: averages
// of ever larger squares of visible pixels, the smallest that holds any, fill
// them, smoothly interpolated (the pull-push method of Gortler et al., The Lumigraph, 1996).
type bleeder struct {
	pix    []uint8
	levels []level
}

// level is a picture at half the size of the one before it.
type level struct {
	w, h int
	rgbw []float32 // colors and their weight, 0 where nothing is known
}

// bleed returns an opaque view of p with the colors of its wholly transparent
// pixels replaced, or p itself without alpha if there are none to replace.
func (b *bleeder) bleed(p picture) picture {
	alpha := p.alpha
	p.alpha = nil
	if alpha == nil || !transparent(alpha, &p) {
		return p
	}
	b.pull(&p, alpha)
	top := &b.levels[0]
	for i := len(b.levels) - 2; i >= 0; i-- {
		b.levels[i].push(&b.levels[i+1])
	}
	n := 3 * p.w * p.h
	if cap(b.pix) < n {
		b.pix = make([]uint8, n)
	}
	out := picture{w: p.w, h: p.h, rgb: b.pix[:n], stride: 3 * p.w, step: 3}
	out.copyFrom(&p)
	for y := range p.h {
		for x := range p.w {
			if alpha[y*p.alphaStride+x*p.alphaStep] != 0 {
				continue
			}
			if c := top.sample(x, y); c[3] > 0 {
				for i := range 3 {
					out.rgb[y*out.stride+3*x+i] = uint8(c[i] + 0.5)
				}
			}
		}
	}
	return out
}

// transparent reports whether a pixel of p is wholly transparent.
func transparent(alpha []uint8, p *picture) bool {
	for y := range p.h {
		row := alpha[y*p.alphaStride:]
		for x := range p.w {
			if row[x*p.alphaStep] == 0 {
				return true
			}
		}
	}
	return false
}

// pull fills the levels with averages weighted by alpha, down to a single pixel.
func (b *bleeder) pull(p *picture, alpha []uint8) {
	l := b.level(0, p.w, p.h)
	for y := range p.h {
		for x := range p.w {
			c := p.rgb[y*p.stride+x*p.step:]
			a := float32(alpha[y*p.alphaStride+x*p.alphaStep])
			l.add(x/2, y/2, float32(c[0]), float32(c[1]), float32(c[2]), a)
		}
	}
	l.normalize()
	i := 0
	for ; l.w > 1 || l.h > 1; i++ {
		next := b.level(i+1, l.w, l.h)
		l = &b.levels[i] // level may have moved it
		for y := range l.h {
			for x := range l.w {
				c := l.at(x, y)
				next.add(x/2, y/2, c[0], c[1], c[2], min(c[3], 1))
			}
		}
		next.normalize()
		l = next
	}
	b.levels = b.levels[:i+1]
}

// level returns level i, empty, half the size of w x h.
func (b *bleeder) level(i, w, h int) *level {
	if i < cap(b.levels) {
		b.levels = b.levels[:max(i+1, len(b.levels))]
	} else {
		b.levels = append(b.levels[:i], level{})
	}
	l := &b.levels[i]
	l.w, l.h = (w+1)/2, (h+1)/2
	n := 4 * l.w * l.h
	if cap(l.rgbw) < n {
		l.rgbw = make([]float32, n)
	}
	l.rgbw = l.rgbw[:n]
	clear(l.rgbw)
	return l
}

func (l *level) at(x, y int) *[4]float32 { return (*[4]float32)(l.rgbw[4*(y*l.w+x):]) }

// sample interpolates linearly at pixel x, y of a picture twice as large. The
// weight is 0 if nothing is known.
func (l *level) sample(x, y int) (c [4]float32) {
	near, far := func(i, n int) int { return min(i/2, n-1) }, func(i, n int) int {
		return min(max(i/2+i%2*2-1, 0), n-1)
	}
	for _, p := range [4]struct {
		x, y   int
		weight float32
	}{
		{near(x, l.w), near(y, l.h), 9. / 16}, {far(x, l.w), near(y, l.h), 3. / 16},
		{near(x, l.w), far(y, l.h), 3. / 16}, {far(x, l.w), far(y, l.h), 1. / 16},
	} {
		for i, v := range l.at(p.x, p.y) {
			c[i] += v * p.weight
		}
	}
	return c
}

func (l *level) add(x, y int, r, g, b, weight float32) {
	c := l.at(x, y)
	c[0] += r * weight
	c[1] += g * weight
	c[2] += b * weight
	c[3] += weight
}

// normalize turns weighted sums into colors.
func (l *level) normalize() {
	for i := 0; i < len(l.rgbw); i += 4 {
		if c := l.rgbw[i : i+4]; c[3] > 0 {
			c[0], c[1], c[2] = c[0]/c[3], c[1]/c[3], c[2]/c[3]
		}
	}
}

// push fills the pixels of l that know nothing from the coarser level.
func (l *level) push(coarse *level) {
	for y := range l.h {
		for x := range l.w {
			if c := l.at(x, y); c[3] == 0 {
				*c = coarse.sample(x, y)
			}
		}
	}
}
