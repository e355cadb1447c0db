package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
)

// Options say what a Loader delivers and how. The zero value of each field is
// the default in its comment.
type Options struct {
	// BatchSize is the number of pictures in a batch; 4.
	BatchSize int
	// ImageSize is the side of the square that pictures are resized and cropped
	// to; 256.
	ImageSize int
	// Epochs is the number of passes over the data after which Next returns
	// io.EOF; 0 means without end.
	Epochs int
	// Shuffle puts the pictures of each epoch into an order that depends only
	// on Seed and the epoch's number (see Order, and for a Mix its own); false.
	Shuffle bool
	Seed    uint64
	// StartEpoch and StartBatch are where to begin, for a resumed run: the
	// epoch, and the batch in it, counted from 0.
	StartEpoch, StartBatch int
	// Workers is the number of pictures decoded at once; GOMAXPROCS.
	Workers int
	// Prefetch is the number of batches prepared ahead of the one in use; 2.
	Prefetch int
	// MaxBad is the number of bad files up to which the Loader goes on. 0 means
	// 100 files or 1 % of the data, whichever is more, but never more than half
	// of the data; a negative number means none.
	MaxBad int
	// OnBad is told of each bad file once, from within Next, in the order of
	// the batches.
	OnBad func(BadFile)
	// Rank and Ranks have this Loader deliver a part of each batch, to one of as many
	// processes that load the same data: see Part. Bad files are then listed in
	// Batch.Bad and neither counted nor reported, until Account is given those of all;
	// 0 and 1.
	Rank, Ranks int
}

// BadFile is a picture that could not be loaded.
type BadFile struct {
	Index int    // in the Source
	Name  string // from the Source
	Err   error
}

// TooManyBadError ends a Loader that met more bad files than Options.MaxBad.
type TooManyBadError struct {
	Bad, Limit int
	Last       BadFile
}

func (e *TooManyBadError) Error() string {
	return fmt.Sprintf("dataset: %d bad pictures, the limit is %d; the last: %s: %v", e.Bad, e.Limit, e.Last.Name, e.Last.Err)
}

// Unwrap returns the last reason.
func (e *TooManyBadError) Unwrap() error { return e.Last.Err }

// ErrClosed is returned by Next after Close.
var ErrClosed = errors.New("dataset: loader is closed")

// Batch is a step's worth of pictures.
type Batch struct {
	// Epoch and Index (in the epoch) say which batch this is, from 0.
	Epoch, Index int
	// Size is the side of the pictures.
	Size int
	// Data is the tensor of shape len(Indices),3,Size,Size: RGB in 0..255.
	Data []float32
	// Indices are the pictures' places in the Source, Names their names. Where
	// a file was bad they are those of its replacement.
	Indices []int
	Names   []string
	// First is the place of the first picture in the whole batch, and Total the number
	// of pictures there: other than 0 and len(Indices) if Options.Ranks says so.
	First, Total int
	// Bad are the files that others replace, if Options.Ranks says so.
	Bad []BadFile
}

// Part returns which of the n pictures of a batch belong to a rank: [first, end). The
// parts of all ranks follow each other and differ by one picture at most, so that some
// may be empty.
func Part(n, rank, ranks int) (first, end int) { return n * rank / ranks, n * (rank + 1) / ranks }

// Loader delivers batches. Next and Close are for one goroutine at a time.
type Loader struct {
	src   Source
	opts  Options
	limit int

	free  chan *pending // empty batches
	ready chan *pending // batches in order, perhaps still being filled
	jobs  chan job
	stop  context.CancelFunc
	work  sync.WaitGroup
	known sync.Map // index of a bad picture -> its BadFile, so that it is tried once

	next   *pending // received but not delivered
	inUse  *pending // delivered last
	bad    map[int]bool
	failed error
}

// maxFloats bounds a batch to 8 GiB.
const maxFloats = 1 << 31

// NewLoader starts to load batches of src. Close it after use.
func NewLoader(src Source, opts Options) (*Loader, error) {
	for _, o := range []struct {
		name     string
		value    *int
		standard int
	}{
		{"BatchSize", &opts.BatchSize, 4}, {"ImageSize", &opts.ImageSize, 256}, {"Prefetch", &opts.Prefetch, 2},
		{"Workers", &opts.Workers, runtime.GOMAXPROCS(0)}, {"Epochs", &opts.Epochs, 0},
		{"StartEpoch", &opts.StartEpoch, 0}, {"StartBatch", &opts.StartBatch, 0},
		{"Rank", &opts.Rank, 0}, {"Ranks", &opts.Ranks, 1},
	} {
		if *o.value < 0 {
			return nil, fmt.Errorf("dataset: %s is %d, must not be negative", o.name, *o.value)
		}
		if *o.value == 0 {
			*o.value = o.standard
		}
	}
	if opts.Rank >= opts.Ranks {
		return nil, fmt.Errorf("dataset: Rank is %d of %d", opts.Rank, opts.Ranks)
	}
	if src.Len() == 0 {
		return nil, errNone
	}
	if n := Batches(src.Len(), opts.BatchSize); opts.StartBatch > n {
		return nil, fmt.Errorf("dataset: StartBatch is %d, but an epoch has %d batches; is this the dataset of the interrupted run?", opts.StartBatch, n)
	}
	if s, ok := src.(Sized); ok && s.Size() != 0 && s.Size() != opts.ImageSize {
		return nil, fmt.Errorf("dataset: it holds pictures of %d pixels, not %d: pack it again, or train with that size", s.Size(), opts.ImageSize)
	}
	// A batch is never larger than the data.
	capacity := (min(opts.BatchSize, src.Len()) + opts.Ranks - 1) / opts.Ranks
	if side := int64(opts.ImageSize); side > maxFloats || side*side > maxFloats/3/int64(capacity) {
		return nil, fmt.Errorf("dataset: a batch of %d pictures of %d x %d is too large", capacity, opts.ImageSize, opts.ImageSize)
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &Loader{
		src: src, opts: opts, limit: badLimit(opts.MaxBad, src.Len()), stop: stop, bad: map[int]bool{},
		free:  make(chan *pending, opts.Prefetch+1),
		ready: make(chan *pending, opts.Prefetch+1),
		jobs:  make(chan job),
	}
	for range opts.Prefetch + 1 {
		l.free <- newPending(capacity, opts.ImageSize)
	}
	l.work.Go(func() { l.schedule(ctx) })
	for range opts.Workers {
		l.work.Go(func() { l.decode(ctx) })
	}
	return l, nil
}

// badLimit is the number of bad files allowed among n; one good one must be left.
func badLimit(maxBad, n int) int {
	switch {
	case maxBad < 0:
		return 0
	case maxBad > 0:
		return min(maxBad, n-1)
	}
	return min(max(100, n/100), n/2, n-1)
}

// Batches returns the number of batches in an epoch of n pictures; the last may
// be smaller than the others.
func Batches(n, batchSize int) int { return (n + batchSize - 1) / batchSize }

// BatchesPerEpoch is Batches for this Loader.
func (l *Loader) BatchesPerEpoch() int { return Batches(l.src.Len(), l.opts.BatchSize) }

// Order returns the order in which a shuffled epoch visits n pictures.
func Order(seed uint64, epoch, n int) []int {
	return rand.New(rand.NewPCG(seed, uint64(epoch))).Perm(n)
}

// Bad returns the number of bad files met so far, each counted once.
func (l *Loader) Bad() int { return len(l.bad) }

// Next returns the next batch. Its slices belong to the Loader and stay valid
// until the following call of Next or Close; there are Prefetch+1 sets of them,
// used in turn, so that no batch allocates one. After the last
// epoch Next returns io.EOF. An error of ctx leaves the Loader usable: the next
// call delivers the batch that was waited for. Other errors are final.
func (l *Loader) Next(ctx context.Context) (Batch, error) {
	if l.failed != nil {
		return Batch{}, l.failed
	}
	if err := ctx.Err(); err != nil {
		return Batch{}, err
	}
	if l.inUse != nil {
		l.free <- l.inUse // never blocks: there is room for all batches
		l.inUse = nil
	}
	if l.next == nil {
		select {
		case p, ok := <-l.ready:
			if !ok {
				l.failed = io.EOF
				return Batch{}, io.EOF
			}
			l.next = p
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		}
	}
	select {
	case <-l.next.done:
	case <-ctx.Done():
		return Batch{}, ctx.Err()
	}
	l.inUse, l.next = l.next, nil
	l.inUse.list()
	if l.opts.Ranks > 1 {
		return l.inUse.Batch, nil
	}
	if err := l.Account(l.inUse.Bad); err != nil {
		return Batch{}, err
	}
	return l.inUse.Batch, nil
}

// Account reports the bad files behind a batch, those of all ranks in order, and
// checks their number. They are counted batch by batch, so that the workers' timing
// does not decide where a run ends. Its error is final.
func (l *Loader) Account(bad []BadFile) error {
	for _, b := range bad {
		if l.bad[b.Index] {
			continue
		}
		l.bad[b.Index] = true
		if l.opts.OnBad != nil {
			l.opts.OnBad(b)
		}
		if len(l.bad) > l.limit {
			l.failed = &TooManyBadError{Bad: len(l.bad), Limit: l.limit, Last: b}
			return l.failed
		}
	}
	return nil
}

// Known reports whether a bad file has been accounted for.
func (l *Loader) Known(b BadFile) bool { return l.bad[b.Index] }

// Close stops the workers and waits for those that are decoding a picture.
func (l *Loader) Close() error {
	l.stop()
	l.work.Wait()
	if l.failed == nil {
		l.failed = ErrClosed
	}
	return nil
}
