package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/imageio"
)

// drawn makes n small pictures that all differ.
func drawn(n int) Images {
	m := make(Images, n)
	for i := range m {
		m[i] = imageio.New(9+i%5, 8+i%7)
		for j := range m[i].Pix {
			m[i].Pix[j] = uint8(j*i + j>>3 + 31*i)
		}
	}
	return m
}

// faulty is a Source in which some pictures are bad, and whose pictures take
// uneven time, so that workers finish out of order.
type faulty struct {
	Images
	bad   func(i int) bool
	loads atomic.Int64
}

var errBroken = errors.New("broken")

func (f *faulty) Load(i int) (*imageio.Image, error) {
	f.loads.Add(1)
	for range i * 7919 % 13 {
		runtime.Gosched()
	}
	if f.bad(i) {
		return nil, errBroken
	}
	return f.Images.Load(i)
}

// summary is what a batch holds, small enough to keep.
type summary struct {
	epoch, index int
	indices      string
	names        string
	data         uint32
}

func summarize(b Batch) summary {
	h := crc32.NewIEEE()
	for _, v := range b.Data {
		h.Write([]byte{byte(int(v))})
	}
	return summary{b.Epoch, b.Index, fmt.Sprint(b.Indices), strings.Join(b.Names, ","), h.Sum32()}
}

// all runs a loader to its end and returns its batches and the bad files in the
// order of their reports.
func all(t *testing.T, src Source, opts Options) ([]summary, []int) {
	t.Helper()
	var bad []int
	opts.OnBad = func(b BadFile) {
		require.ErrorIs(t, b.Err, errBroken)
		require.Equal(t, src.Name(b.Index), b.Name)
		bad = append(bad, b.Index)
	}
	l, err := NewLoader(src, opts)
	require.NoError(t, err)
	defer l.Close()
	var batches []summary
	for {
		b, err := l.Next(t.Context())
		if err == io.EOF {
			require.Equal(t, len(bad), l.Bad())
			return batches, bad
		}
		require.NoError(t, err)
		batches = append(batches, summarize(b))
	}
}

// requireNoLeak checks that all goroutines of the test have ended.
func requireNoLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 100_000 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
	})
}

func TestBatchesAreWhatTheOptionsSay(t *testing.T) {
	requireNoLeak(t)
	src := drawn(11)
	l, err := NewLoader(src, Options{BatchSize: 4, ImageSize: 6, Epochs: 2})
	require.NoError(t, err)
	defer l.Close()
	require.Equal(t, 3, l.BatchesPerEpoch())
	for epoch := range 2 {
		for index := range 3 {
			b, err := l.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, []int{epoch, index, 6}, []int{b.Epoch, b.Index, b.Size})
			var want []float32
			for i := 4 * index; i < min(4*index+4, 11); i++ {
				m := imageio.CenterCrop(imageio.ResizeShorter(src[i], 6), 6, 6)
				planar := make([]float32, 3*6*6)
				imageio.ToFloats(planar, m)
				want = append(want, planar...)
			}
			require.Equal(t, want, b.Data)
			require.Len(t, b.Indices, len(want)/108)
			require.Equal(t, src.Name(4*index), b.Names[0])
		}
	}
	for range 3 {
		_, err = l.Next(t.Context())
		require.Equal(t, io.EOF, err)
	}
}

func TestWorkersDoNotChangeBatches(t *testing.T) {
	requireNoLeak(t)
	for _, shuffle := range []bool{false, true} {
		src := &faulty{Images: drawn(60), bad: func(i int) bool { return i%9 == 4 || i == 59 }}
		opts := Options{BatchSize: 7, ImageSize: 8, Epochs: 3, Shuffle: shuffle, Seed: 42, Workers: 1, Prefetch: 1}
		want, wantBad := all(t, src, opts)
		require.Len(t, want, 27)
		require.Len(t, wantBad, 8)
		for _, workers := range []int{2, 3, 8} {
			for _, prefetch := range []int{1, 5} {
				opts.Workers, opts.Prefetch = workers, prefetch
				got, bad := all(t, src, opts)
				require.Equal(t, want, got)
				require.Equal(t, wantBad, bad)
			}
		}
	}
}

// TestResume starts at every batch in turn.
func TestResume(t *testing.T) {
	src := &faulty{Images: drawn(13), bad: func(i int) bool { return i == 6 }}
	for _, shuffle := range []bool{false, true} {
		opts := Options{BatchSize: 3, ImageSize: 4, Epochs: 3, Shuffle: shuffle, Seed: 7}
		want, _ := all(t, src, opts)
		for i := range want {
			opts.StartEpoch, opts.StartBatch = want[i].epoch, want[i].index
			got, _ := all(t, src, opts)
			require.Equal(t, want[i:], got)
		}
		opts.StartEpoch, opts.StartBatch = 0, 5 // the end of epoch 0
		got, _ := all(t, src, opts)
		require.Equal(t, want[5:], got)
	}
}

func TestOrder(t *testing.T) {
	a := Order(1, 0, 100)
	require.Equal(t, a, Order(1, 0, 100))
	require.NotEqual(t, a, Order(1, 1, 100))
	require.NotEqual(t, a, Order(2, 0, 100))
	slices.Sort(a)
	for i, v := range a {
		require.Equal(t, i, v)
	}
	// Pinned: a run must resume with the order that it began with, also after
	// an update of Go.
	require.Equal(t, []int{6, 3, 1, 9, 7, 4, 8, 2, 0, 5}, Order(1, 0, 10))
	shuffled, _ := all(t, drawn(10), Options{BatchSize: 10, ImageSize: 2, Epochs: 1, Shuffle: true, Seed: 1})
	require.Equal(t, fmt.Sprint(Order(1, 0, 10)), shuffled[0].indices)
}

// TestFivePercentBad checks count, replacement and order of reports.
func TestFivePercentBad(t *testing.T) {
	requireNoLeak(t)
	src := &faulty{Images: drawn(400), bad: func(i int) bool { return i%20 == 19 }}
	batches, bad := all(t, src, Options{BatchSize: 4, ImageSize: 4, Epochs: 2})
	require.Len(t, bad, 20)
	require.True(t, slices.IsSorted(bad))
	require.Equal(t, "[16 17 18 20]", batches[4].indices)
	require.Equal(t, "[396 397 398 0]", batches[99].indices) // past the end: the first
	again, badAgain := all(t, src, Options{BatchSize: 4, ImageSize: 4, Epochs: 2})
	require.Equal(t, batches, again)
	require.Equal(t, bad, badAgain)
}

// TestBadFilesAreTriedOnce counts calls of Load over several epochs.
func TestBadFilesAreTriedOnce(t *testing.T) {
	src := &faulty{Images: drawn(20), bad: func(i int) bool { return i == 3 }}
	all(t, src, Options{BatchSize: 5, ImageSize: 4, Epochs: 10, Workers: 1})
	require.EqualValues(t, 10*20+1, src.loads.Load())
}

func TestTooManyBad(t *testing.T) {
	requireNoLeak(t)
	for _, c := range []struct{ n, maxBad, limit int }{
		{1000, 0, 100}, {20_000, 0, 200}, {50, 0, 25}, {1, 0, 0}, {50, 7, 7}, {50, 100, 49}, {50, -1, 0},
	} {
		require.Equal(t, c.limit, badLimit(c.maxBad, c.n))
	}
	end := func(bad func(i int) bool, opts Options) (int, error) {
		var reported []int
		opts.OnBad = func(b BadFile) { reported = append(reported, b.Index) }
		opts.ImageSize = 4
		l, err := NewLoader(&faulty{Images: drawn(50), bad: bad}, opts)
		require.NoError(t, err)
		defer l.Close()
		for batches := 0; ; batches++ {
			_, err := l.Next(t.Context())
			if err == nil {
				continue
			}
			require.Len(t, reported, l.Bad())
			_, again := l.Next(t.Context())
			require.Equal(t, err, again)
			return batches, err
		}
	}
	for _, workers := range []int{1, 4} {
		batches, err := end(func(i int) bool { return i >= 30 && i%2 == 0 }, Options{BatchSize: 2, MaxBad: 3, Workers: workers})
		require.Equal(t, 18, batches) // 36 is the fourth
		var tooMany *TooManyBadError
		require.ErrorAs(t, err, &tooMany)
		require.Equal(t, TooManyBadError{4, 3, BadFile{36, "image 36", errBroken}}, *tooMany)
		require.ErrorIs(t, err, errBroken)
		require.ErrorContains(t, err, "4 bad pictures, the limit is 3; the last: image 36: broken")

		_, err = end(func(int) bool { return true }, Options{MaxBad: 1 << 40, Workers: workers})
		require.ErrorAs(t, err, &tooMany)
		require.Equal(t, 50, tooMany.Bad)
		batches, err = end(func(i int) bool { return i == 49 }, Options{MaxBad: -1, Workers: workers, BatchSize: 50})
		require.ErrorAs(t, err, &tooMany)
		require.Zero(t, batches)
	}
}

// TestDisappearingFile removes a file between two epochs.
func TestDisappearingFile(t *testing.T) {
	dir := t.TempDir()
	for i, m := range drawn(6) {
		require.NoError(t, imageio.Save(filepath.Join(dir, fmt.Sprintf("%d.png", i)), m, imageio.SaveOptions{}))
	}
	src, err := Open(dir, imageio.Options{})
	require.NoError(t, err)
	var bad []BadFile
	l, err := NewLoader(src, Options{BatchSize: 6, ImageSize: 4, Prefetch: 1, OnBad: func(b BadFile) { bad = append(bad, b) }})
	require.NoError(t, err)
	defer l.Close()
	b, err := l.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5}, b.Indices)
	require.Eventually(t, func() bool { // Windows keeps files that are being read
		return os.Remove(filepath.Join(dir, "2.png")) == nil
	}, time.Minute, time.Millisecond)
	for range 3 { // two may have been read ahead
		b, err = l.Next(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, []int{0, 1, 3, 3, 4, 5}, b.Indices)
	require.Len(t, bad, 1)
	require.Equal(t, dir+"/2.png", bad[0].Name)
	if runtime.GOOS != "windows" { // which may refuse a file while it is being removed
		require.ErrorIs(t, bad[0].Err, os.ErrNotExist)
	}
}

// slow blocks its loads until it is released.
type slow struct {
	Images
	release chan struct{}
}

func (s slow) Load(i int) (*imageio.Image, error) {
	<-s.release
	return s.Images.Load(i)
}

func TestCancelWhileWaitingLosesNothing(t *testing.T) {
	requireNoLeak(t)
	src := slow{drawn(6), make(chan struct{})}
	l, err := NewLoader(src, Options{BatchSize: 2, ImageSize: 4, Epochs: 1})
	require.NoError(t, err)
	defer l.Close()
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err = l.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()
	}
	close(src.release)
	for i := range 3 {
		b, err := l.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, i, b.Index)
	}
}

// TestCloseAtAnyMoment closes after any number of batches, used or not.
func TestCloseAtAnyMoment(t *testing.T) {
	requireNoLeak(t)
	src := &faulty{Images: drawn(30), bad: func(i int) bool { return i%7 == 0 }}
	for n := range 40 {
		l, err := NewLoader(src, Options{BatchSize: 3, ImageSize: 4, Workers: 1 + n%8, Prefetch: 1 + n%3})
		require.NoError(t, err)
		for range n {
			_, err := l.Next(t.Context())
			require.NoError(t, err)
		}
		require.NoError(t, l.Close())
		require.NoError(t, l.Close())
		_, err = l.Next(t.Context())
		require.ErrorIs(t, err, ErrClosed)
	}
}

// TestSteadyStateAllocatesNoBatches measures bytes, not calls: strings and
// bookkeeping are allowed, a tensor is not.
func TestSteadyStateAllocatesNoBatches(t *testing.T) {
	l, err := NewLoader(drawn(32), Options{BatchSize: 8, ImageSize: 64})
	require.NoError(t, err)
	defer l.Close()
	next := func(n int) {
		for range n {
			_, err := l.Next(t.Context())
			require.NoError(t, err)
		}
	}
	next(20)
	require.Less(t, damagetest.Allocated(func() { next(100) })/100, 8*3*64*64*4/20, "bytes per batch")
}

func TestOptionErrors(t *testing.T) {
	for want, opts := range map[string]Options{
		"BatchSize is -1":  {BatchSize: -1},
		"ImageSize is -2":  {ImageSize: -2},
		"Prefetch is -3":   {Prefetch: -3},
		"StartBatch is 4":  {StartBatch: 4},
		"StartEpoch is -5": {StartEpoch: -5},
		"too large":        {ImageSize: 1 << 40},
	} {
		_, err := NewLoader(drawn(12), opts)
		require.ErrorContains(t, err, want)
	}
	_, err := NewLoader(Images{}, Options{})
	require.ErrorContains(t, err, "no pictures")
}

func TestEmptyPicturesAreBad(t *testing.T) {
	l, err := NewLoader(Images{nil, imageio.New(2, 2), {}}, Options{BatchSize: 3, ImageSize: 2, MaxBad: 2})
	require.NoError(t, err)
	defer l.Close()
	b, err := l.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 1}, b.Indices)
	require.Equal(t, 2, l.Bad())
}

// TestRefusedOptions wants an error for each that cannot be.
func TestRefusedOptions(t *testing.T) {
	for what, opts := range map[string]Options{
		"no size":        {BatchSize: 2, ImageSize: -1},
		"negative batch": {ImageSize: 8, BatchSize: -1},
		"rank of none":   {ImageSize: 8, BatchSize: 2, Rank: 1},
		"last rank":      {ImageSize: 8, BatchSize: 2, Rank: 2, Ranks: 2},
	} {
		_, err := NewLoader(drawn(4), opts)
		require.Error(t, err, what)
	}
	l, err := NewLoader(drawn(4), Options{ImageSize: 8, BatchSize: 2, Rank: 1, Ranks: 2})
	require.NoError(t, err)
	l.Close()
	_, err = NewLoader(drawn(0), Options{ImageSize: 8, BatchSize: 2})
	require.Error(t, err, "no pictures")
}
