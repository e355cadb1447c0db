package cpu

import (
	"runtime"
	"sync/atomic"
)

// task is a piece of work that splits into independent parts. Which worker does
// a part must not influence its result.
type task interface {
	// do runs part i; worker < threads identifies the scratch memory to use.
	do(i, worker int)
}

// workers runs tasks on a fixed set of goroutines besides the caller's. Between
// tasks they spin for a moment, since the next one is usually microseconds away,
// and then sleep.
type workers struct {
	others []sleeper

	// state packs the number of the current task (high half), whether it is open
	// for workers to join (openBit) and how many of them are inside (low bits).
	state atomic.Uint64
	next  atomic.Int64
	total int64
	task  task
	quit  atomic.Bool
}

type sleeper struct {
	asleep atomic.Bool
	wake   chan struct{}
	_      [48]byte // keeps the flags of two workers in different cache lines
}

const (
	openBit  = 1 << 31
	inside   = openBit - 1
	taskUnit = 1 << 32
	spins    = 4000 // of a few nanoseconds each
)

func newWorkers(threads int) *workers {
	w := &workers{others: make([]sleeper, threads-1)}
	for i := range w.others {
		w.others[i].wake = make(chan struct{}, 1)
		go w.loop(i)
	}
	return w
}

// run does all parts of t and returns when they are done.
func (w *workers) run(parts int, t task) {
	if parts == 1 || len(w.others) == 0 {
		for i := range parts {
			t.do(i, 0)
		}
		return
	}
	w.task, w.total = t, int64(parts)
	w.next.Store(0)
	w.state.Store((w.state.Load() &^ (taskUnit - 1)) + taskUnit | openBit)
	for i := range min(len(w.others), parts-1) {
		if s := &w.others[i]; s.asleep.CompareAndSwap(true, false) {
			s.wake <- struct{}{}
		}
	}
	w.parts(0)
	w.state.And(^uint64(openBit))
	for i := 0; w.state.Load()&inside != 0; i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
	w.task = nil
}

// parts claims and does parts of the current task until none is left.
func (w *workers) parts(worker int) {
	for {
		i := w.next.Add(1) - 1
		if i >= w.total {
			return
		}
		w.task.do(int(i), worker)
	}
}

// join enters the current task if it is open and not the one numbered last.
func (w *workers) join(last uint64) (number uint64, ok bool) {
	for {
		s := w.state.Load()
		number = s / taskUnit
		if s&openBit == 0 || number == last {
			return last, false
		}
		if w.state.CompareAndSwap(s, s+1) {
			return number, true
		}
	}
}

func (w *workers) loop(i int) {
	s := &w.others[i]
	var last uint64
	for {
		number, ok := w.join(last)
		for spin := 0; !ok && spin < spins; spin++ {
			number, ok = w.join(last)
		}
		if ok {
			last = number
			w.parts(i + 1)
			w.state.Add(^uint64(0))
			continue
		}
		if w.quit.Load() {
			return
		}
		s.asleep.Store(true)
		// A task may have opened between the last look and falling asleep.
		if number, ok = w.join(last); ok || w.quit.Load() {
			if !s.asleep.CompareAndSwap(true, false) {
				<-s.wake
			}
			if ok {
				last = number
				w.parts(i + 1)
				w.state.Add(^uint64(0))
			}
			continue
		}
		<-s.wake
	}
}

// stop ends the goroutines.
func (w *workers) stop() {
	w.quit.Store(true)
	for i := range w.others {
		if s := &w.others[i]; s.asleep.CompareAndSwap(true, false) {
			s.wake <- struct{}{}
		}
	}
}
