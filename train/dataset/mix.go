package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Share is a Source and how often it is drawn from, in proportion to the others of a
// Mix.
type Share struct {
	Source Source
	Weight float64
}

// Mix is a Source of several, of which a Loader draws each by its weight, whatever the
// numbers of pictures: photographs and footage, three to one. An epoch has as many
// pictures as all sources together, so that it shows those of some several times and
// those of others in part; the next epoch goes on where it ended. The draws are spread
// evenly, which keeps the proportion in every batch as well as it can be kept there.
//
// The pictures are numbered source by source. In place of a bad one a Loader takes the
// next of that order.
type Mix struct {
	shares []Share
	starts []int // the number of each source's first picture, and that of all pictures
	draws  []int // from each source in an epoch
	size   int   // of sources that have one
}

// Ordered is implemented by a Source that decides in which order a Loader visits its
// pictures: Order returns Len of them for an epoch, and depends on nothing else.
type Ordered interface {
	Order(seed uint64, epoch int, shuffle bool) []int
}

// NewMix returns the mix of sources with weights above 0. It is an error if a weight is
// so small beside the others that no picture of an epoch would be its source's, if
// sources have squares of different sizes (Sized), and if one is a Mix itself, which
// would be drawn from without regard to its weights.
func NewMix(shares ...Share) (*Mix, error) {
	m := &Mix{shares: slices.Clone(shares), starts: []int{0}}
	for i, s := range shares {
		if !(s.Weight > 0) || s.Weight > math.MaxFloat32 {
			return nil, fmt.Errorf("dataset: weight %v of source %d: want a number above 0", s.Weight, i+1)
		}
		if _, ok := s.Source.(*Mix); ok {
			return nil, fmt.Errorf("dataset: source %d is a Mix: name its sources instead", i+1)
		}
		if s.Source.Len() == 0 {
			return nil, fmt.Errorf("dataset: source %d: %w", i+1, errNone)
		}
		if q, ok := s.Source.(Sized); ok && q.Size() != 0 {
			if m.size != 0 && m.size != q.Size() {
				return nil, fmt.Errorf("dataset: source %d has pictures of %d pixels, another of %d", i+1, q.Size(), m.size)
			}
			m.size = q.Size()
		}
		m.starts = append(m.starts, m.Len()+s.Source.Len())
	}
	if len(shares) == 0 {
		return nil, errNone
	}
	m.draws = make([]int, len(shares))
	for _, s := range m.turns() {
		m.draws[s]++
	}
	for i, n := range m.draws {
		if n == 0 {
			return nil, fmt.Errorf("dataset: weight %v of source %d is too small beside the others: none of the %d pictures of an epoch would be from it", shares[i].Weight, i+1, m.Len())
		}
	}
	return m, nil
}

// turns returns whose turn it is at each picture of an epoch: that source's which lags
// behind its share most.
func (m *Mix) turns() []int {
	total := 0.0
	for _, s := range m.shares {
		total += s.Weight
	}
	turns, drawn := make([]int, m.Len()), make([]float64, len(m.shares))
	for t := range turns {
		most := math.Inf(-1)
		for i, s := range m.shares {
			if lag := s.Weight/total*float64(t+1) - drawn[i]; lag > most {
				most, turns[t] = lag, i
			}
		}
		drawn[turns[t]]++
	}
	return turns
}

// Order implements Ordered: the draws of an epoch. With shuffle each pass over a source
// has an order of its own, which depends on the seed, the source's place and the pass.
func (m *Mix) Order(seed uint64, epoch int, shuffle bool) []int {
	type position struct {
		pass, at int
		order    []int
	}
	now := make([]position, len(m.shares))
	for i, s := range m.shares {
		n := s.Source.Len()
		now[i] = position{pass: epoch * m.draws[i] / n, at: epoch * m.draws[i] % n}
	}
	turns := m.turns()
	for t, i := range turns {
		p, n := &now[i], m.shares[i].Source.Len()
		if p.at == n {
			p.pass, p.at, p.order = p.pass+1, 0, nil
		}
		k := p.at
		if shuffle {
			if p.order == nil {
				p.order = Order(seed+uint64(i)*0x9e3779b97f4a7c15, p.pass, n)
			}
			k = p.order[k]
		}
		p.at++
		turns[t] = m.starts[i] + k
	}
	return turns
}

// find returns the source of picture i and its number there.
func (m *Mix) find(i int) (Source, int) {
	k, found := slices.BinarySearch(m.starts, i)
	if !found {
		k--
	}
	return m.shares[k].Source, i - m.starts[k]
}

// Shares returns what the Mix was made of.
func (m *Mix) Shares() []Share { return slices.Clone(m.shares) }

// Len implements Source.
func (m *Mix) Len() int { return m.starts[len(m.starts)-1] }

// Name implements Source.
func (m *Mix) Name(i int) string {
	s, k := m.find(i)
	return s.Name(k)
}

// Load implements Source.
func (m *Mix) Load(i int) (*imageio.Image, error) {
	s, k := m.find(i)
	return s.Load(k)
}

func (m *Mix) hold(i int) (*imageio.Image, func(), error) {
	s, k := m.find(i)
	return load(s, k)
}

// Size implements Sized: that of the sources which have one, else 0.
func (m *Mix) Size() int { return m.size }

// Fingerprint returns one of all sources, weights included.
func (m *Mix) Fingerprint() string {
	h := sha256.New()
	for _, s := range m.shares {
		fmt.Fprintf(h, "%s %v\n", Fingerprint(s.Source), s.Weight)
	}
	return hex.EncodeToString(h.Sum(nil)[:sha256.Size/2])
}

// Close closes the sources that can be closed.
func (m *Mix) Close() error {
	var errs []error
	for _, s := range m.shares {
		if c, ok := s.Source.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
