package distill

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// pool are the pictures that crops are taken of.
type pool struct {
	photos, drawn []*imageio.Image
	held          []*imageio.Image // photographs that nothing is learned from
}

// limits of the pool.
const (
	maxPhotos  = 1000
	heldPhotos = 16
	drawnSize  = 192
)

// newPool reads photographs and draws.
func newPool(ctx context.Context, src dataset.Source, drawings int, seed uint64) (*pool, error) {
	p := &pool{drawn: make([]*imageio.Image, drawings)}
	for _, i := range dataset.Order(seed, 0, src.Len())[:min(maxPhotos, src.Len())] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := src.Load(i)
		if err != nil {
			cli.Note(fmt.Sprintf("left out: %v", err))
			continue
		}
		if min(m.W, m.H) > 400 {
			m = imageio.ResizeShorter(m, 400)
		}
		p.photos = append(p.photos, m)
	}
	held := min(heldPhotos, len(p.photos)/4)
	p.held, p.photos = p.photos[:held], p.photos[held:]
	if held == 0 {
		return nil, fmt.Errorf("-dataset: %d pictures can be read; 4 are the least", len(p.photos))
	}
	var group sync.WaitGroup
	for i := range p.drawn {
		group.Go(func() { p.drawn[i] = texture(seed<<16+uint64(i), drawnSize) })
	}
	group.Wait()
	return p, nil
}

// crop appends a random part of a picture of list, sized to a square and perhaps in
// other colors, to dst as {3, size, size}.
func crop(dst []float32, list []*imageio.Image, rng *rand.Rand, size int) []float32 {
	m := list[rng.IntN(len(list))]
	least := min(size, m.W, m.H)
	side := least + rng.IntN(min(m.W, m.H, 3*size)-least+1)
	part := imageio.New(side, side)
	x0, y0 := rng.IntN(m.W-side+1), rng.IntN(m.H-side+1)
	for y := range side {
		copy(part.Pix[3*y*side:3*(y+1)*side], m.Pix[3*((y0+y)*m.W+x0):])
	}
	part = imageio.Resize(part, size, size, imageio.Bilinear)
	at := len(dst)
	dst = append(dst, make([]float32, 3*size*size)...)
	imageio.ToFloats(dst[at:], part)
	mirror := rng.IntN(2) == 0
	recolor := rng.IntN(3) == 0
	noise := 0.0
	if rng.IntN(4) == 0 {
		noise = 20 * rng.Float64()
	}
	vary(dst[at:], rng, size, mirror, recolor, noise)
	return dst
}

// vary changes a picture {3, size, size}.
func vary(pix []float32, rng *rand.Rand, size int, mirror, recolor bool, noise float64) {
	plane := size * size
	if mirror {
		for row := range 3 * size {
			for a, b := row*size, row*size+size-1; a < b; a, b = a+1, b-1 {
				pix[a], pix[b] = pix[b], pix[a]
			}
		}
	}
	if recolor {
		var mix [3][3]float64
		contrast, light := math.Exp(0.4*rng.NormFloat64()), 128+25*rng.NormFloat64()
		order := rng.Perm(3)
		for i := range mix {
			for j := range mix[i] {
				mix[i][j] = 0.15 * rng.NormFloat64()
			}
			mix[i][order[i]] += contrast
		}
		for k := range plane {
			var c [3]float64
			for i := range c {
				for j := range c {
					c[i] += mix[i][j] * (float64(pix[j*plane+k]) - 128)
				}
			}
			for i := range c {
				pix[i*plane+k] = float32(min(max(c[i]+light, 0), 255))
			}
		}
	}
	if noise > 0 {
		for k := range pix {
			pix[k] += float32(noise * rng.NormFloat64())
		}
	}
}

// texture draws a picture of something, nothing in particular: cells, strokes, waves
// or blots in a few colors, with a grain or without.
func texture(seed uint64, size int) *imageio.Image {
	rng := rand.New(rand.NewPCG(seed, 2))
	var colors [][3]float64
	for range 2 + rng.IntN(7) {
		colors = append(colors, [3]float64{255 * rng.Float64(), 255 * rng.Float64(), 255 * rng.Float64()})
	}
	pix := make([][3]float64, size*size)
	for i := range pix {
		pix[i] = colors[0]
	}
	for range 1 + rng.IntN(2) {
		switch rng.IntN(3) {
		case 0:
			cells(pix, rng, size, colors)
		case 1:
			strokes(pix, rng, size, colors)
		case 2:
			waves(pix, rng, size, colors)
		}
	}
	m := imageio.New(size, size)
	grain := 25 * max(0, rng.Float64()-0.5)
	for i, c := range pix {
		g := grain * rng.NormFloat64()
		for k := range c {
			m.Pix[3*i+k] = uint8(min(max(c[k]+g, 0), 255))
		}
	}
	return m
}

// cells are the nearest of random points, with borders or without.
func cells(pix [][3]float64, rng *rand.Rand, size int, colors [][3]float64) {
	n := 8 << rng.IntN(5)
	type point struct{ x, y float64 }
	points := make([]point, n)
	for i := range points {
		points[i] = point{rng.Float64(), rng.Float64()}
	}
	border := 0.02 * float64(rng.IntN(3)) * rng.Float64()
	stretch := 0.4 + 1.2*rng.Float64()
	for i := range pix {
		x, y := float64(i%size)/float64(size), float64(i/size)/float64(size)
		first, second, cell := math.Inf(1), math.Inf(1), 0
		for k, p := range points {
			d := math.Hypot(x-p.x, (y-p.y)*stretch)
			if d < first {
				first, second, cell = d, first, k
			} else if d < second {
				second = d
			}
		}
		pix[i] = colors[cell%len(colors)]
		if second-first < border {
			pix[i] = [3]float64{20, 16, 24}
		}
	}
}

// strokes are short soft lines that follow a field of directions.
func strokes(pix [][3]float64, rng *rand.Rand, size int, colors [][3]float64) {
	width, length := 1+5*rng.Float64(), 6+40*rng.Float64()
	bend, turn := 6*rng.Float64(), 2*math.Pi*rng.Float64()
	n := int(float64(size*size) / (width * length))
	for range 2 * n {
		x, y := rng.Float64()*float64(size), rng.Float64()*float64(size)
		angle := turn + bend*(math.Sin(x/float64(size)*3)+math.Cos(y/float64(size)*4))/2
		dx, dy := math.Cos(angle), math.Sin(angle)
		c := colors[rng.IntN(len(colors))]
		shade := 0.75 + 0.5*rng.Float64()
		reach := int(length/2 + width + 1)
		for v := -reach; v <= reach; v++ {
			for u := -reach; u <= reach; u++ {
				px, py := int(x)+u, int(y)+v
				along := float64(u)*dx + float64(v)*dy
				across := math.Abs(float64(v)*dx - float64(u)*dy)
				if px < 0 || py < 0 || px >= size || py >= size || math.Abs(along) > length/2 || across > width/2+0.5 {
					continue
				}
				t := min(width/2+0.5-across, 1)
				for k := range c {
					old := &pix[py*size+px][k]
					*old += (c[k]*shade - *old) * t
				}
			}
		}
	}
}

// waves are colors in the order of a bent wave's height.
func waves(pix [][3]float64, rng *rand.Rand, size int, colors [][3]float64) {
	var fx, fy, phase, high [4]float64
	for k := range fx {
		f := math.Exp(0.5+2.6*rng.Float64()) / float64(size) * 2
		turn := 2 * math.Pi * rng.Float64()
		fx[k], fy[k], phase[k], high[k] = f*math.Cos(turn), f*math.Sin(turn), 7*rng.Float64(), rng.Float64()
	}
	hard := rng.IntN(2) == 0
	for i := range pix {
		x, y := float64(i%size), float64(i/size)
		h := 0.0
		for k := range fx {
			h += high[k] * math.Sin(fx[k]*x+fy[k]*y+phase[k]+h)
		}
		t := (math.Sin(2*h) + 1) / 2 * float64(len(colors)-1)
		at := min(int(t), len(colors)-2)
		part := t - float64(at)
		if hard {
			part = math.Round(part)
		}
		for k := range 3 {
			pix[i][k] = colors[at][k] + (colors[at+1][k]-colors[at][k])*part
		}
	}
}
