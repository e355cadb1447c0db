package distill

import (
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/vgg"
)

// painter trains a small network by the student's judgment, on one style after the
// other. What that network makes is what the student has to judge later, and shows
// where its judgment can be deceived.
type painter struct {
	be   backend.Backend
	net  *nn.Network
	adam *nn.Adam
	tape *tensor.Tape

	judge *train.Perceptual
	eyes  *vgg.VGG
	style *imageio.Image

	pool *pool
	rng  *rand.Rand
	made [][]float32 // the latest pictures {3, size, size}
	next int
	opts train.PerceptualOptions
}

// Steps with one style, steps with one state of the student, and pictures kept.
const (
	styleSteps = 120
	judgeSteps = 20
	keptMade   = 480
)

func newPainter(be backend.Backend, p *pool, seed uint64) *painter {
	net := nn.NewTransformerNet(be, [3]int{8, 16, 32}, 2, seed)
	return &painter{
		be: be, net: net, adam: nn.NewAdam(be, net.Params(), 3e-3), tape: tensor.NewTape(be),
		pool: p, rng: rand.New(rand.NewPCG(seed, 3)),
	}
}

// paint does a step, the i-th, and keeps what the network made.
func (p *painter) paint(i, size, batch int, s *student) error {
	if i%styleSteps == 0 {
		p.style = imageio.New(size+32, size+32)
		list := p.pool.drawn
		if p.rng.IntN(3) == 0 {
			list = p.pool.photos
		}
		pix := crop(nil, list, p.rng, p.style.W)
		if err := imageio.FromFloats(p.style, pix, p.style.W, p.style.H, imageio.Truncate); err != nil {
			return err
		}
		p.opts = train.PerceptualOptions{
			ContentWeight: 1e5, StyleWeight: 1e9 * math.Exp(1.5*p.rng.NormFloat64()),
			StyleLayers: train.EqualLayers(taps...),
		}
	}
	if i%judgeSteps == 0 {
		if err := p.look(s); err != nil {
			return err
		}
	}
	var batchPix []float32
	for range batch {
		list := p.pool.photos
		if p.rng.IntN(4) == 0 {
			list = p.pool.drawn
		}
		batchPix = crop(batchPix, list, p.rng, size)
	}
	x := tensor.FromSlice(p.be, tensor.Shape{batch, 3, size, size}, batchPix)
	defer x.Free()
	defer p.tape.Reset()
	pass := train.Pass{Tape: p.tape, Model: p.net, Input: x}
	p.judge.Prepare(&pass)
	pass.Output = p.net.Forward(p.tape, x)
	made := pass.Output.Values()
	p.adam.ZeroGrad()
	p.tape.Backward(p.judge.Losses(nil, &pass)...)
	p.adam.Step()
	for k := range batch {
		one := made[k*3*size*size : (k+1)*3*size*size]
		if len(p.made) < keptMade {
			p.made = append(p.made, one)
		} else {
			p.made[p.next%keptMade] = one
		}
		p.next++
	}
	return nil
}

// look takes the student as it is for the judge.
func (p *painter) look(s *student) error {
	d, err := s.stateDict()
	if err != nil {
		return err
	}
	eyes, err := vgg.Load(p.be, d, taps[len(taps)-1])
	if err != nil {
		return err
	}
	judge, err := train.NewPerceptual(p.be, eyes, p.style, p.opts)
	if err != nil {
		eyes.Free()
		return err
	}
	p.free()
	p.eyes, p.judge = eyes, judge
	return nil
}

func (p *painter) free() {
	if p.judge != nil {
		p.judge.Free()
		p.eyes.Free()
	}
}
