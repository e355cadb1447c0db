//go:build mpi && cgo

package mpi

/*
#cgo pkg-config: ompi-c
#include <mpi.h>
#include <stdlib.h>

static int start(int *provided) {
	int err = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, provided);
	if (err == MPI_SUCCESS) err = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
	return err;
}

static int rank(int *r) { return MPI_Comm_rank(MPI_COMM_WORLD, r); }
static int size(int *n) { return MPI_Comm_size(MPI_COMM_WORLD, n); }

static int allreduce(float *values, int n) {
	return MPI_Allreduce(MPI_IN_PLACE, values, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}

static int broadcast(void *data, int n, int root) {
	return MPI_Bcast(data, n, MPI_BYTE, root, MPI_COMM_WORLD);
}

static int barrier(void) { return MPI_Barrier(MPI_COMM_WORLD); }
static int finish(void) { return MPI_Finalize(); }
static int started(void) { int is = 0; MPI_Initialized(&is); return is; }

static int describe(int err, char *text, int *n) { return MPI_Error_string(err, text, n); }
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

// Built tells whether this build has Open MPI.
const Built = true

// World is the Group of all processes that mpirun started. MPI is called by one
// thread of the operating system, whichever goroutine calls the World.
type World struct {
	rank, size int
	calls      chan call
	results    chan error
}

// call is something for MPI to do.
type call struct {
	op   operation
	p    unsafe.Pointer
	n    int
	root int
}

type operation int

const (
	opAllReduce operation = iota
	opBroadcast
	opBarrier
	opFinish
)

// tuned makes Open MPI choose its algorithm for sums by the number of processes and
// values alone: recursive doubling, whose order of additions is fixed.
var tuned = map[string]string{
	"OMPI_MCA_coll_tuned_use_dynamic_rules":   "1",
	"OMPI_MCA_coll_tuned_allreduce_algorithm": "3",
}

// Open joins the other processes. It is called once in the life of a process. Close
// the World before the process ends.
func Open() (*World, error) {
	if C.started() != 0 {
		return nil, fmt.Errorf("mpi: opened twice")
	}
	for name, value := range tuned {
		if _, set := os.LookupEnv(name); !set {
			os.Setenv(name, value)
		}
	}
	w := &World{calls: make(chan call), results: make(chan error)}
	go w.serve()
	if err := <-w.results; err != nil {
		return nil, err
	}
	return w, nil
}

// serve is the thread that calls MPI.
func (w *World) serve() {
	runtime.LockOSThread()
	if err := w.start(); err != nil {
		w.results <- err
		return
	}
	w.results <- nil
	for c := range w.calls {
		w.results <- c.do()
		if c.op == opFinish {
			return
		}
	}
}

func (w *World) start() error {
	var provided, rank, size C.int
	if err := check("start", C.start(&provided)); err != nil {
		return err
	}
	if provided < C.MPI_THREAD_SERIALIZED {
		return fmt.Errorf("mpi: this Open MPI supports no threads (level %d)", provided)
	}
	if err := check("rank", C.rank(&rank)); err != nil {
		return err
	}
	if err := check("size", C.size(&size)); err != nil {
		return err
	}
	w.rank, w.size = int(rank), int(size)
	return nil
}

func (c call) do() error {
	switch c.op {
	case opAllReduce:
		return check("sum", C.allreduce((*C.float)(c.p), C.int(c.n)))
	case opBroadcast:
		return check("broadcast", C.broadcast(c.p, C.int(c.n), C.int(c.root)))
	case opBarrier:
		return check("barrier", C.barrier())
	}
	return check("end", C.finish())
}

func check(what string, err C.int) error {
	if err == C.MPI_SUCCESS {
		return nil
	}
	var text [C.MPI_MAX_ERROR_STRING]C.char
	var n C.int
	C.describe(err, &text[0], &n)
	return fmt.Errorf("mpi: %s: %s", what, C.GoStringN(&text[0], n))
}

func (w *World) call(c call) error {
	w.calls <- c
	return <-w.results
}

// Rank implements ranks.Group.
func (w *World) Rank() int { return w.rank }

// Size implements ranks.Group.
func (w *World) Size() int { return w.size }

// maxCount is how many values or bytes MPI takes at once.
const maxCount = 1 << 30

// AllReduce implements ranks.Group.
func (w *World) AllReduce(values []float32) error {
	for len(values) > 0 {
		n := min(len(values), maxCount)
		if err := w.call(call{op: opAllReduce, p: unsafe.Pointer(&values[0]), n: n}); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// Broadcast implements ranks.Group.
func (w *World) Broadcast(root int, data []byte) error {
	for len(data) > 0 {
		n := min(len(data), maxCount)
		if err := w.call(call{op: opBroadcast, p: unsafe.Pointer(&data[0]), n: n, root: root}); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// Barrier implements ranks.Group.
func (w *World) Barrier() error { return w.call(call{op: opBarrier}) }

// Close ends MPI, when all processes have called it.
func (w *World) Close() error { return w.call(call{op: opFinish}) }
