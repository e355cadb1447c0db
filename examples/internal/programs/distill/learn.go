package distill

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/vgg"
)

// lesson is a training of a student.
type lesson struct {
	*options
	be      backend.Backend
	teacher *vgg.VGG
	student *student
	painter *painter
	pool    *pool
	rng     *rand.Rand
	tape    *tensor.Tape

	// What the errors of each tap are divided with: the variance of features over
	// pixels, and that of Gram matrices over pictures.
	features, grams []float64
}

// gramWeight is the influence of the relative error of Gram matrices beside that of
// features. The former are what styles are compared by.
const gramWeight = 4

// batch returns pictures {batch, 3, size, size}: a quarter photographs, a quarter drawn,
// and the rest what the painter has made, as soon as there is enough.
func (l *lesson) batch() *tensor.Tensor {
	var pix []float32
	for i := range l.batchSize {
		switch {
		case i%2 == 1 && len(l.painter.made) > 4*l.batchSize:
			pix = append(pix, l.painter.made[l.rng.IntN(len(l.painter.made))]...)
		case i%4 < 2:
			pix = crop(pix, l.pool.photos, l.rng, l.size)
		default:
			pix = crop(pix, l.pool.drawn, l.rng, l.size)
		}
	}
	return tensor.FromSlice(l.be, tensor.Shape{l.batchSize, 3, l.size, l.size}, pix)
}

// calibrate measures how much features and Gram matrices vary, and begins the student as
// a part of the teacher, whose weights are given.
func (l *lesson) calibrate(weights statedict.Dict) {
	const batches = 8
	layers := vgg.Layers(taps[len(taps)-1])
	l.features, l.grams = make([]float64, len(taps)), make([]float64, len(taps))
	grams := make([][][]float32, len(layers))
	for range batches {
		x := l.batch()
		for i, f := range l.teacher.Features(nil, l.tape, l.teacher.Normalize(l.tape, x), layers) {
			if t := slices.Index(taps, layers[i]); t >= 0 {
				l.features[t] += variance(f.Values()) / batches
			}
			g := l.tape.Gram(f).Values()
			for one := range slices.Chunk(g, len(g)/l.batchSize) {
				grams[i] = append(grams[i], one)
			}
		}
		l.tape.Reset()
		x.Free()
	}
	moments := make([][]float64, len(layers))
	for i, list := range grams {
		moments[i] = make([]float64, len(list[0]))
		spread := 0.0
		for at := range list[0] {
			var entry []float32
			for _, g := range list {
				entry = append(entry, g[at])
				moments[i][at] += float64(g[at])
			}
			spread += variance(entry) / float64(len(list[0]))
		}
		if t := slices.Index(taps, layers[i]); t >= 0 {
			l.grams[t] = spread
		}
	}
	convs, lifts := prune(weights, l.width, layers, moments)
	l.student = newStudent(l.be, convs, lifts)
}

func variance(values []float32) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(values))
	return squares/n - sum/n*sum/n
}

// learn does all steps.
func (l *lesson) learn(ctx context.Context) error {
	adam := nn.NewAdam(l.be, l.student.params, l.lr)
	adam.MaxNorm = 1
	defer adam.Free()
	sums := make([]float64, 2*len(taps))
	for step := range l.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if step >= paintFrom && step%paintEvery == 0 {
			if err := l.painter.paint((step-paintFrom)/paintEvery, l.size, max(1, l.batchSize/2), l.student); err != nil {
				return err
			}
		}
		// Half a cosine, after a warmup.
		done := float64(step) / float64(l.steps)
		adam.LR = l.lr * (math.Cos(math.Pi*done) + 1) / 2 * min(1, float64(step+1)/100)

		x := l.batch()
		pixels := l.teacher.Normalize(l.tape, x)
		want := l.teacher.Features(nil, l.tape, pixels, taps)
		losses := l.losses(l.student.features(l.tape, pixels), want)
		adam.ZeroGrad()
		l.tape.Backward(losses...)
		for i, t := range losses {
			sums[i] += float64(t.Item())
		}
		adam.Step()
		l.tape.Reset()
		x.Free()
		if (step+1)%l.logInterval == 0 {
			l.log(step+1, sums)
			clear(sums)
			if err := l.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

// The painter's first step and how many steps of
// the student each takes.
const (
	paintFrom  = 20
	paintEvery = 2
)

// examine prints the errors on parts of the photographs that nothing was learned from.
func (l *lesson) examine() {
	const parts = 64
	rng := rand.New(rand.NewPCG(l.seed, 5))
	sums := make([]float64, 2*len(taps))
	for range parts {
		x := tensor.FromSlice(l.be, tensor.Shape{1, 3, l.size, l.size}, crop(nil, l.pool.held, rng, l.size))
		pixels := l.teacher.Normalize(l.tape, x)
		want := l.teacher.Features(nil, l.tape, pixels, taps)
		for i, loss := range l.losses(l.student.features(l.tape, pixels), want) {
			sums[i] += float64(loss.Item()) / parts
		}
		l.tape.Reset()
		x.Free()
	}
	fmt.Printf("unseen photographs: %s\n", errors(sums))
}

// losses returns the errors of features, and of Gram matrices, of each tap.
func (l *lesson) losses(got, want []*tensor.Tensor) (losses []*tensor.Tensor) {
	for i, f := range got {
		losses = append(losses,
			l.tape.MSE(f, want[i], float32(1/l.features[i])),
			l.tape.MSE(l.tape.Gram(f), l.tape.Gram(want[i]), float32(gramWeight/l.grams[i])))
	}
	return losses
}

func (l *lesson) log(step int, sums []float64) {
	for i := range sums {
		sums[i] /= float64(l.logInterval)
	}
	fmt.Printf("step %d of %d: %s\n", step, l.steps, errors(sums))
}

// errors words the losses of a step, without their weights.
func errors(losses []float64) string {
	var parts []string
	for i, t := range taps {
		parts = append(parts, fmt.Sprintf("%s %.4f / %.4f", t.Name(), losses[2*i], losses[2*i+1]/gramWeight))
	}
	return "error of features / Gram matrices: " + strings.Join(parts, ", ")
}
