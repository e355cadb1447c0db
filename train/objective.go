package train

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train/dataset"
)

// Model is what a Trainer trains. Every network of package nn is one.
type Model interface {
	// Forward returns what the model makes of pictures {N, 3, H, W}, values 0..255, in
	// the same shape.
	Forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor
	// Params returns the parameters, whose names and order never change.
	Params() []nn.Param
}

// described is a Model whose architecture is known.
type described interface{ Arch() *arch.Network }

// Objective is something that a Trainer minimizes: one or several terms of the loss
// of a step.
type Objective interface {
	// Terms names what Losses returns, in its order: "tv", or "style/relu1_2" for a
	// part of the term style, which is the sum of its parts. Logs, files and plots show
	// terms under these names.
	Terms() []string
	// Losses appends a weighted scalar for each of Terms to dst and returns it. Each
	// must be a mean over the pictures. What the Objective makes on the tape and needs
	// no longer it releases, apart from p.Input and p.Output.
	Losses(dst []*tensor.Tensor, p *Pass) []*tensor.Tensor
}

// Preparer is implemented by an Objective that computes something of the pictures
// alone: before the model runs there is the most memory for that.
type Preparer interface {
	// Prepare is called before the model runs, when p.Output is nil.
	Prepare(p *Pass)
}

// Describer is implemented by an Objective or a Model with settings that a resumed
// run must have in common with its beginning.
type Describer interface {
	// Describe adds them to settings, by names as messages use them.
	Describe(settings map[string]string)
}

// Pass is a step as an Objective sees it.
type Pass struct {
	Tape   *tensor.Tape
	Model  Model          // for more passes, on the same Tape
	Input  *tensor.Tensor // the pictures {N, 3, S, S}, values 0..255
	Output *tensor.Tensor // what the model made of them
	Step   int            // steps done before this one
	Steps  int            // that the run was planned for when it began, for what changes in its course

	data     dataset.Source
	indices  []int // of the pictures in data
	seed     uint64
	first    int  // place of the first picture in the batch
	last     bool // no other objective looks at Output
	released bool
	pcg      rand.PCG
	rng      *rand.Rand
}

// Done says that the Objective needs Output no longer, so that its memory is free
// as soon as nobody else does. Calling it is optional.
func (p *Pass) Done() {
	if p.last && !p.released {
		p.released = true
		p.Tape.Release(p.Output)
	}
}

// After returns the frame that follows picture i of the batch in its film, nil if there is
// none (dataset.Filmed). One that cannot be read, or has another size, counts as none.
func (p *Pass) After(i int) *dataset.Successor {
	if p.data == nil {
		return nil
	}
	s, err := dataset.After(p.data, p.indices[i])
	if size := p.Input.Shape()[2]; err != nil || s == nil || s.Image.W != size || s.Image.H != size {
		return nil
	}
	return s
}

// Rand returns random numbers for picture i of the batch, valid until the next call.
// They depend on the seed of the run, the step, the picture's place in the batch and
// the name, which tells the uses apart: so a resumed run draws the same ones, and so
// does one whose batches are spread over several processes.
func (p *Pass) Rand(name string, i int) *rand.Rand {
	place := uint64(p.Step)<<20 | uint64(p.first+i)
	p.pcg.Seed(mix(p.seed^uint64(crc32.ChecksumIEEE([]byte(name)))), mix(place))
	if p.rng == nil {
		p.rng = rand.New(&p.pcg)
	}
	return p.rng
}

// mix is the finalizer of SplitMix64 (Steele et al., 2014): neighboring numbers give
// unrelated ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Losses are the weighted losses of one step.
type Losses struct {
	Terms []Loss // content and style, then those of Config.Objectives
	Parts []Loss // of terms that are sums, by names such as "style/relu1_2"
}

// Loss is a named value.
type Loss struct {
	Name  string
	Value float64
}

// Total returns the loss that is minimized.
func (l *Losses) Total() (total float64) {
	for _, t := range l.Terms {
		total += t.Value
	}
	return total
}

// Term returns the value of the term with the given name, or 0 if there is none.
func (l *Losses) Term(name string) float64 {
	for _, t := range l.Terms {
		if t.Name == name {
			return t.Value
		}
	}
	return 0
}

// Clone returns a copy that stays valid.
func (l *Losses) Clone() Losses { return Losses{slices.Clone(l.Terms), slices.Clone(l.Parts)} }

// sums says which term and part each scalar of the objectives belongs to.
type sums []struct{ term, part int }

var termName = regexp.MustCompile(`^[\p{L}\p{N}_. -]{1,60}(/[\p{L}\p{N}_. -]{1,60})?$`)

// newLosses returns room for the losses of objectives, and where each scalar goes.
func newLosses(objectives []Objective) (l Losses, at sums, err error) {
	seen := map[string]bool{"total": true, "step": true, "epoch": true, "images": true}
	for _, o := range objectives {
		first := len(l.Terms)
		for _, name := range o.Terms() {
			term, _, parted := strings.Cut(name, "/")
			if !termName.MatchString(name) || seen[name] {
				return l, nil, fmt.Errorf("objective %T: the term %q has a name that is not allowed, or that another has", o, name)
			}
			seen[name] = true
			i := slices.IndexFunc(l.Terms, func(t Loss) bool { return t.Name == term })
			switch {
			case i < 0:
				if seen[term] && parted {
					return l, nil, fmt.Errorf("objective %T: the term %q has a name that is not allowed", o, name)
				}
				i = len(l.Terms)
				l.Terms = append(l.Terms, Loss{Name: term})
			case i < first || !parted:
				return l, nil, fmt.Errorf("objective %T: the term %q is another's", o, name)
			}
			part := -1
			if parted {
				part = len(l.Parts)
				l.Parts = append(l.Parts, Loss{Name: name})
			}
			at = append(at, struct{ term, part int }{i, part})
		}
	}
	return l, at, nil
}

// set makes l the losses whose scalars have the given values.
func (at sums) set(l *Losses, values []float32) {
	for i := range l.Terms {
		l.Terms[i].Value = 0
	}
	for i, s := range at {
		v := float64(values[i])
		l.Terms[s.term].Value += v
		if s.part >= 0 {
			l.Parts[s.part].Value = v
		}
	}
}
