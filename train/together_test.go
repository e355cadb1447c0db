package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/ranks"
	"github.com/impasto-go/impasto/vgg"
)

// newRank returns a backend of one thread.
func newRank(t testing.TB) backend.Backend {
	be := tensor.CPU(tensor.Threads(1))
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

// each runs f for every rank of a group of n, at the same time, and returns their
// errors. A rank that panics leaves the others, whose panics follow.
func each(n int, f func(g ranks.Group) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i, m := range ranks.InProcess(n) {
		all.Go(func() {
			defer m.Leave()
			errs[i] = f(m)
		})
	}
	all.Wait()
	return errs
}

// together trains with n ranks, each with settings of its own, on pictures that may
// be of its own too.
func together(t testing.TB, n int, settings func(rank int) train.Config, data func(rank int) dataset.Source) ([]statedict.Dict, []error) {
	var backends []backend.Backend
	for range n {
		backends = append(backends, newRank(t))
	}
	all := make([]statedict.Dict, n)
	errs := each(n, func(g ranks.Group) error {
		cfg, be := settings(g.Rank()), backends[g.Rank()]
		cfg.Group = g
		source := dataset.Source(pictures(7))
		if data != nil {
			source = data(g.Rank())
		}
		trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, vgg.Relu22), picture(20, 30, 5), source, cfg)
		if err != nil {
			return err
		}
		defer trainer.Close()
		err = trainer.Train(context.Background())
		all[g.Rank()] = weights(trainer)
		return err
	})
	return all, errs
}

// TestRanksFollowPyTorch repeats PyTorch's training with the pictures of each batch
// spread over ranks, some of which get none of the last batches.
func TestRanksFollowPyTorch(t *testing.T) {
	r := recordedTraining(t)
	sizes := []int{4} // 1, 2 and 4 are compared as processes of MPI
	if need.Long() {
		sizes = []int{2, 3, 4}
	}
	for _, n := range sizes {
		var backends []backend.Backend
		for range n {
			backends = append(backends, newRank(t))
		}
		for rank, err := range each(n, func(g ranks.Group) error {
			r.follow(t, backends[g.Rank()], g)
			return nil
		}) {
			require.NoError(t, err, rank)
		}
	}
}

// TestRanksSeeWhatOneSees compares runs of 1 to 5 ranks: the same pictures, losses that
// differ in rounding alone, and the same weights on all ranks, to the bit, in each run
// again, whatever the timing.
func TestRanksSeeWhatOneSees(t *testing.T) {
	type run struct {
		losses [][]float64
		images []int
		all    []statedict.Dict
	}
	trained := func(n int, slow func(rank int)) (r run) {
		var errs []error
		r.all, errs = together(t, n, func(rank int) train.Config {
			cfg := withEverything("")
			cfg.CheckpointDir, cfg.Losses, cfg.BatchSize = "", "", 4
			cfg.Objectives = append(cfg.Objectives[:1:1], &wobble{weight: 10})
			cfg.Events.OnStep = func(e *train.StepEvent) {
				r.images = append(r.images, e.Images)
				r.losses = append(r.losses, []float64{e.Term("content"), e.Term("style"), e.Term("tv"), e.Term("wobble")})
			}
			return cfg
		}, func(rank int) dataset.Source { return delayed{pictures(7), func() { slow(rank) }} })
		require.NoError(t, errors.Join(errs...))
		return r
	}
	fast := func(int) {}
	one := trained(1, fast)
	require.Len(t, one.losses, 6)
	for n := 2; n <= 5; n++ {
		r := trained(n, fast)
		require.Equal(t, one.images, r.images)
		for i := range one.losses {
			require.InEpsilonSlice(t, one.losses[i], r.losses[i], 1e-4, "%d ranks, step %d", n, i+1)
		}
		for _, w := range r.all {
			require.Equal(t, r.all[0], w)
		}
		again := trained(n, func(rank int) { time.Sleep(time.Duration(rank*37%5) * time.Millisecond) })
		require.Equal(t, r, again)
	}
}

// delayed is a dataset that takes its time.
type delayed struct {
	dataset.Images
	wait func()
}

func (d delayed) Load(i int) (*imageio.Image, error) {
	d.wait()
	return d.Images.Load(i)
}

// TestResumeWithOtherRanks stops a run of 4 ranks, goes on with 2, stops these and
// goes on alone: each step has the pictures that a single rank would have had.
func TestResumeWithOtherRanks(t *testing.T) {
	whole, dir := t.TempDir(), t.TempDir()
	settings := func(dir string) train.Config {
		cfg := inFolder(dir)
		cfg.BatchSize = 4
		return cfg
	}
	_, errs := together(t, 1, func(int) train.Config { return settings(whole) }, nil)
	require.NoError(t, errors.Join(errs...))
	for i, n := range []int{4, 2, 1} {
		_, errs := together(t, n, func(int) train.Config {
			cfg := settings(dir)
			cfg.Resume = i > 0
			cfg.Steps = []int{2, 4, 0}[i]
			return cfg
		}, nil)
		require.NoError(t, errors.Join(errs...))
	}
	rows := func(dir string) (r [][]string) {
		for line := range strings.Lines(read(t, dir, "losses.csv")) {
			r = append(r, strings.Split(strings.TrimSpace(line), ","))
		}
		return r
	}
	want, got := rows(whole), rows(dir)
	require.Len(t, got, 7)
	for i := range want {
		require.Equal(t, want[i][:3], got[i][:3], "step, epoch, images")
		if i > 0 {
			var a, b float64
			_, err := fmt.Sscan(want[i][5], &a)
			require.NoError(t, err)
			_, err = fmt.Sscan(got[i][5], &b)
			require.NoError(t, err)
			require.InEpsilon(t, a, b, 1e-3)
		}
	}
}

// TestBadPicturesTogether has bad pictures on all ranks, which replace them, report
// and count them as one does.
func TestBadPicturesTogether(t *testing.T) {
	trained := func(n, maxBad int, bad map[int]bool) (lines []string, images []int, errs []error) {
		_, errs = together(t, n, func(int) train.Config {
			cfg := small()
			cfg.BatchSize, cfg.MaxBad = 4, maxBad
			cfg.Events.OnLog = func(line string) {
				if strings.HasPrefix(line, "Skipped") {
					lines = append(lines, line)
				}
			}
			cfg.Events.OnStep = func(e *train.StepEvent) { images = append(images, e.Images) }
			return cfg
		}, func(int) dataset.Source { return flaky{pictures(7), bad} })
		return lines, images, errs
	}
	bad := map[int]bool{1: true, 3: true, 6: true}
	lines, images, errs := trained(1, 3, bad)
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, []string{"Skipped image 1: is torn", "Skipped image 3: is torn", "Skipped image 6: is torn"}, lines)
	for n := 2; n <= 4; n++ {
		l, i, errs := trained(n, 3, bad)
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, lines, l)
		require.Equal(t, images, i)
	}
	lines, images, errs = trained(1, 2, bad)
	require.ErrorContains(t, errs[0], "3 bad pictures, the limit is 2; the last: image 6")
	l, i, all := trained(3, 2, bad)
	require.Equal(t, lines, l)
	require.Equal(t, images, i)
	for _, err := range all {
		var tooMany *dataset.TooManyBadError
		require.ErrorAs(t, err, &tooMany)
		require.Equal(t, errs[0].Error(), err.Error())
	}
}

// broke is a dataset that fails altogether.
type broke struct{ dataset.Images }

func (broke) Load(int) (*imageio.Image, error) { return nil, errors.New("no such disk") }

// TestFailuresAreShared has one rank fail, in several ways: all end with its error and
// what was done is saved.
func TestFailuresAreShared(t *testing.T) {
	for name, c := range map[string]struct {
		settings func(rank int, dir string, cfg *train.Config)
		data     func(rank int) dataset.Source
		want     string
		saved    int // state of which step; -1 for none
	}{
		"start": {func(rank int, _ string, cfg *train.Config) {
			cfg.Events.OnStart = func(int) error { return errors.New("no start") }
		}, nil, "no start", 0},
		"folder": {func(rank int, dir string, cfg *train.Config) {
			cfg.Resume = true
		}, nil, "no training state", -1},
		"losses": {func(_ int, dir string, cfg *train.Config) {
			cfg.Losses = dir
		}, nil, "losses", -1},
		"checkpoint": {func(_ int, dir string, cfg *train.Config) {
			cfg.Events.OnStep = func(e *train.StepEvent) {
				if e.Step == 2 {
					os.MkdirAll(filepath.Join(dir, "ckpt_epoch_0_batch_id_3.pth", "x"), 0o777)
				}
			}
		}, nil, "ckpt_epoch_0_batch_id_3.pth", 3},
		"dataset": {func(_ int, _ string, cfg *train.Config) {
			cfg.MaxBad = -1
		}, func(rank int) dataset.Source {
			if rank == 1 {
				return broke{pictures(7)}
			}
			return delayed{pictures(7), func() {}}
		}, "no such disk", 0},
		"seed": {func(rank int, _ string, cfg *train.Config) {
			cfg.Seed = uint64(rank / 2)
		}, nil, "rank 2 differs from rank 0: seed is 1, was 0", -1},
		"settings": {func(rank int, _ string, cfg *train.Config) {
			cfg.StyleWeight += float64(rank)
			cfg.Epochs += rank
		}, nil, "rank 1 differs from rank 0: epochs is 4, was 3; style weight is 2.000000001e+09, was 2e+09", -1},
		"pictures": {func(int, string, *train.Config) {}, func(rank int) dataset.Source {
			return pictures(7 + rank/2)
		}, "; pictures is 8, was 7", -1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, errs := together(t, 3, func(rank int) train.Config {
				cfg := inFolder(dir)
				cfg.BatchSize = 3
				c.settings(rank, dir, &cfg)
				return cfg
			}, c.data)
			for rank, err := range errs {
				require.ErrorContains(t, err, c.want, "rank %d", rank)
			}
			s, err := checkpoint.Newest(dir)
			if c.saved < 0 {
				require.ErrorIs(t, err, checkpoint.ErrNone)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.saved, s.Step)
		})
	}
}

// TestOneRankIsStopped cancels one of the ranks: all stop after the same step, which
// is saved, and the run goes on from there.
func TestOneRankIsStopped(t *testing.T) {
	whole := t.TempDir()
	data := func(int) dataset.Source { return delayed{pictures(7), func() {}} }
	want, errs := together(t, 3, func(int) train.Config { return inFolder(whole) }, data)
	require.NoError(t, errors.Join(errs...))
	for stopped := range 3 {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		var loaded atomic.Int32
		var backends []backend.Backend
		for range 3 {
			backends = append(backends, newRank(t))
		}
		for rank, err := range each(3, func(g ranks.Group) error {
			be := backends[g.Rank()]
			cfg := inFolder(dir)
			cfg.Group = g
			c := context.Background()
			if g.Rank() == stopped {
				c = ctx
			}
			data := delayed{pictures(7), func() {
				if loaded.Add(1) == 30 {
					cancel()
				}
			}}
			trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, vgg.Relu22), picture(20, 30, 5), data, cfg)
			if err != nil {
				return err
			}
			defer trainer.Close()
			return trainer.Train(c)
		}) {
			if loaded.Load() < 30 {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, context.Canceled, "rank %d", rank)
		}
		s, err := checkpoint.Newest(dir)
		require.NoError(t, err)
		require.Equal(t, s.Step+1, strings.Count(read(t, dir, "losses.csv"), "\n"))
		got, errs := together(t, 3, func(int) train.Config {
			cfg := inFolder(dir)
			cfg.Resume = true
			return cfg
		}, data)
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, want, got)
		require.Equal(t, read(t, whole, "losses.csv"), read(t, dir, "losses.csv"))
		cancel()
	}
}

// TestGuardIsGlobal spoils a loss or a gradient on one rank: none takes the step.
func TestGuardIsGlobal(t *testing.T) {
	for _, policy := range []train.Policy{train.Stop, train.Rollback} {
		dir := t.TempDir()
		var lines []string
		weightsOf := make([]statedict.Dict, 2)
		var backends []*faulty
		for range 2 {
			backends = append(backends, newFaulty(t))
		}
		backends[1].gradient = atStep(5, 2, 1) // two style layers
		for rank, err := range each(2, func(g ranks.Group) error {
			be := backends[g.Rank()]
			cfg := inFolder(dir)
			cfg.BatchSize, cfg.OnNonFinite, cfg.Group = 2, policy, g
			cfg.Events.OnLog = func(line string) { lines = append(lines, line) }
			trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, vgg.Relu22), picture(20, 30, 5), pictures(8), cfg)
			if err != nil {
				return err
			}
			defer trainer.Close()
			err = trainer.Train(context.Background())
			weightsOf[g.Rank()] = weights(trainer)
			return err
		}) {
			if policy == train.Rollback {
				require.NoError(t, err)
				continue
			}
			var bad *train.NonFiniteError
			require.ErrorAs(t, err, &bad, "rank %d", rank)
			require.Equal(t, 5, bad.Step)
			require.Len(t, bad.Images, 2, "those of both ranks")
			require.True(t, math.IsNaN(bad.GradNorm))
		}
		require.Equal(t, weightsOf[0], weightsOf[1])
		if policy == train.Rollback {
			require.Contains(t, strings.Join(lines, "\n"), "going back to step 3 with learning rate 0.0005")
			require.FileExists(t, filepath.Join(dir, "final.pth"))
			continue
		}
		s, err := checkpoint.Newest(dir)
		require.NoError(t, err)
		require.Equal(t, 4, s.Step)
	}
}

// TestSteadyStepsTogetherDoNotAllocate covers whole and partial batches of two ranks.
func TestSteadyStepsTogetherDoNotAllocate(t *testing.T) {
	backends := []backend.Backend{newRank(t), newRank(t)}
	errs := each(2, func(g ranks.Group) error {
		least, err := allocations(backends[g.Rank()], g, g.Rank() == 0) // which counts what both allocate
		if err == nil && least > 0 {
			err = fmt.Errorf("%v allocations", least)
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
}

// allocations has a rank take steps with the others and returns how many allocations two
// of them took at least, if it is to count.
func allocations(be backend.Backend, g ranks.Group, count bool) (least float64, err error) {
	cfg := small()
	cfg.Group = g
	trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, vgg.Relu22), picture(20, 30, 5), pictures(7), cfg)
	if err != nil {
		return 0, err
	}
	defer trainer.Close()
	part := batchOf(1, 16, uint64(g.Rank()))
	part.First, part.Total = g.Rank(), 2
	last := dataset.Batch{Size: 16, Total: 1}
	if g.Rank() == 0 {
		last = batchOf(1, 16, 3)
	}
	step := func() {
		for _, b := range []dataset.Batch{part, last} {
			if _, err := trainer.Step(b); err != nil {
				panic(err)
			}
		}
	}
	step()
	const rounds, runs = 10, 5
	if !count {
		for range rounds * (1 + runs) { // as many as AllocsPerRun
			step()
		}
		return 0, nil
	}
	least = math.Inf(1)
	for range rounds {
		least = min(least, testing.AllocsPerRun(runs, step))
	}
	return least, nil
}
