package scale

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/ranks"
	"github.com/impasto-go/impasto/vgg"
)

// measureAll measures among the processes of mpirun. The first of them prints.
func measureAll(m model, w work) error {
	group, leave, err := inputs.Group()
	if err != nil {
		return err
	}
	err = sums(group)
	if err == nil {
		err = steps(group, m, w)
	}
	return errors.Join(err, leave())
}

// stopwatch times what all processes do at the same time.
type stopwatch struct {
	ranks.Group
	times []float32
}

// time returns how long f takes where it takes longest.
func (s *stopwatch) time(f func() error) (float64, error) {
	if err := s.Barrier(); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := f(); err != nil {
		return 0, err
	}
	s.times = append(s.times[:0], make([]float32, s.Size())...)
	s.times[s.Rank()] = float32(time.Since(start).Seconds())
	err := s.AllReduce(s.times)
	return float64(slices.Max(s.times)), err
}

func median(v []float64) float64 { return slices.Sorted(slices.Values(v))[len(v)/2] }

// ms writes a time in milliseconds, or seconds from one on.
func ms(seconds float64) string {
	if seconds >= 0.9995 {
		return fmt.Sprintf("%.3g s", seconds)
	}
	return fmt.Sprintf("%.3g ms", 1e3*seconds)
}

// sums adds up, over sums of some lengths, the least and the median time of each: how
// long they take when nothing else wants the processors, and as things are.
func (s *stopwatch) sums(lengths []int, repeats int) (least, middle float64, err error) {
	values := make([]float32, slices.Max(append(lengths[:len(lengths):len(lengths)], 0))) // one process alone sums nothing
	for _, n := range lengths {
		times := make([]float64, repeats)
		for i := range times {
			if times[i], err = s.time(func() error { return s.AllReduce(values[:n]) }); err != nil {
				return 0, 0, err
			}
		}
		least, middle = least+slices.Min(times), middle+median(times)
	}
	return least, middle, nil
}

// sums prints the median and the least time of sums of several lengths.
func sums(group ranks.Group) error {
	watch := stopwatch{Group: group}
	for _, n := range []int{1, 1 << 10, 32 << 10, netFloats, 1 << 20} {
		least, middle, err := watch.sums([]int{n}, max(10, min(100, 10_000_000/n)))
		if err != nil {
			return err
		}
		if group.Rank() == 0 {
			fmt.Printf("%d processes, %d values: median %s, least %s\n", group.Size(), n, ms(middle), ms(least))
		}
	}
	return nil
}

// work is what steps are measured with.
type work struct {
	size    int // of the pictures
	layers  []train.StyleLayer
	repeats int
	most    float64 // part of a step that its sums may take; 0 for all
}

// counter is a group that notes the lengths of sums.
type counter struct {
	ranks.Group
	lengths []int
}

// AllReduce implements ranks.Group.
func (c *counter) AllReduce(values []float32) error {
	c.lengths = append(c.lengths, len(values))
	return c.Group.AllReduce(values)
}

// steps measures in turn a step of every process for itself, one of all together, and
// the bare sums of such a step, and prints them beside what the model says.
func steps(group ranks.Group, m model, w work) error {
	if m.batch < group.Size() {
		return cli.Usagef("-batch %d: want a picture for each of %d processes", m.batch, group.Size())
	}
	be, err := inputs.Device("cpu", -1)
	if err != nil {
		return err
	}
	defer be.Close()
	part := partOf(group, m.batch, w.size)
	alone, err := w.trainer(be, ranks.One{}, m.batch)
	if err != nil {
		return err
	}
	defer alone.Close()
	counted := &counter{Group: group}
	together, err := w.trainer(be, counted, m.batch)
	if err != nil {
		return err
	}
	defer together.Close()
	if err := check(group, alone, together, part); err != nil {
		return err
	}
	m.buckets = slices.Clone(counted.lengths)

	watch := stopwatch{Group: group}
	var times [2][]float64
	for range w.repeats {
		for i, t := range []*train.Trainer{alone, together} {
			took, err := watch.time(func() error { _, err := t.Step(part); return err })
			if err != nil {
				return err
			}
			times[i] = append(times[i], took)
		}
	}
	least, middle, err := watch.sums(m.buckets, 5*w.repeats)
	if err != nil {
		return err
	}
	own, all := slices.Min(times[0]), slices.Min(times[1])
	if group.Rank() == 0 {
		fmt.Printf("%d processes, %d pictures of %dx%d, %s and %.3g Gbit/s:\n", group.Size(), m.batch, w.size, w.size, ms(m.link.latency), m.link.rate*8/1e9)
		fmt.Printf("  a step of each for itself  least %s, median %s\n", ms(own), ms(median(times[0])))
		fmt.Printf("  a step of all together     least %s, median %s\n", ms(all), ms(median(times[1])))
		fmt.Printf("  the sums of such a step    least %s, median %s\n", ms(least), ms(middle))
		fmt.Printf("  the model, from the first: least %s, sums %s\n", ms(own+m.sums(group.Size())), ms(m.sums(group.Size())))
	}
	if w.most > 0 && least > w.most*all {
		return fmt.Errorf("the sums of a step take %s of %s, more than %.2g %%", ms(least), ms(all), 100*w.most)
	}
	return nil
}

// trainer is for the network with filters 8,16,32, the same for all.
func (w work) trainer(be backend.Backend, group ranks.Group, batch int) (*train.Trainer, error) {
	cfg := train.Default()
	cfg.Group, cfg.BatchSize, cfg.ImageSize, cfg.StyleSize, cfg.StyleLayers = group, batch, w.size, w.size, w.layers
	a, err := arch.New("tutorial", [3]int{8, 16, 32}, 5)
	if err != nil {
		return nil, err
	}
	features := vgg.Random(be, 19, cfg.Deepest())
	return train.New(be, nn.NewNetwork(be, a, 1), features, paint.Style(1, w.size), dataset.Images{paint.Scene(1, w.size, w.size)}, cfg)
}

// partOf draws the pictures of a batch that are this process's.
func partOf(group ranks.Group, batch, size int) dataset.Batch {
	first, end := dataset.Part(batch, group.Rank(), group.Size())
	b := dataset.Batch{Size: size, First: first, Total: batch}
	for i := first; i < end; i++ {
		data := make([]float32, 3*size*size)
		imageio.ToFloats(data, paint.Scene(uint64(i), size, size))
		b.Data, b.Indices, b.Names = append(b.Data, data...), append(b.Indices, i), append(b.Names, fmt.Sprint(i))
	}
	return b
}

// check compares the losses of a first step of all with those that each finds for its
// own pictures.
func check(group ranks.Group, alone, together *train.Trainer, part dataset.Batch) error {
	own, err := alone.Step(part)
	if err != nil {
		return err
	}
	mine := []float32{float32(own.Total() * float64(len(part.Indices)) / float64(part.Total))}
	all, err := together.Step(part)
	if err != nil {
		return err
	}
	if err := group.AllReduce(mine); err != nil {
		return err
	}
	if diff := math.Abs(all.Total() - float64(mine[0])); !(diff <= 1e-4*all.Total()) {
		return fmt.Errorf("the loss of all is %g, the mean of each is %g", all.Total(), mine[0])
	}
	return nil
}
