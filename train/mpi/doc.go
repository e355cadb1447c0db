// Package mpi is a ranks.Group of processes on one or many machines, through Open MPI
// (https://www.open-mpi.org). It is real only in builds with -tags mpi, which need cgo
// and Open MPI's headers (libopenmpi-dev on Debian); without, Open returns
// ErrUnavailable.
//
// Programs are started by mpirun, which gives each its rank:
//
//	mpirun -np 4 program
package mpi

import (
	"errors"
	"os"
	"strconv"
)

// ErrUnavailable is returned by Open in builds without -tags mpi.
var ErrUnavailable = errors.New("mpi: this program was built without MPI: build it with -tags mpi (needs cgo and libopenmpi-dev)")

// Started returns how many processes mpirun, or srun with its PMI, has started, and 1
// if this one was not started by them.
func Started() int {
	return max(number("OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "SLURM_STEP_NUM_TASKS"), 1)
}

// LocalRank returns the number of this process among those on this machine.
func LocalRank() int { return max(number("OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID"), 0) }

// LocalSize returns how many processes were started on this machine.
func LocalSize() int {
	return max(number("OMPI_COMM_WORLD_LOCAL_SIZE", "SLURM_STEP_TASKS_PER_NODE"), 1)
}

// number returns the first of some variables of the environment that is a number.
func number(names ...string) int {
	for _, name := range names {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
	}
	return 0
}
