//go:build !mpi || !cgo

package mpi

// Built tells whether this build has Open MPI.
const Built = false

// World is the Group of all processes that mpirun started.
type World struct{}

// Open returns ErrUnavailable.
func Open() (*World, error) { return nil, ErrUnavailable }

// Rank implements ranks.Group.
func (*World) Rank() int { return 0 }

// Size implements ranks.Group.
func (*World) Size() int { return 1 }

// AllReduce implements ranks.Group.
func (*World) AllReduce([]float32) error { return ErrUnavailable }

// Broadcast implements ranks.Group.
func (*World) Broadcast(int, []byte) error { return ErrUnavailable }

// Barrier implements ranks.Group.
func (*World) Barrier() error { return ErrUnavailable }

// Close ends MPI.
func (*World) Close() error { return nil }
