package inputs

import (
	"fmt"
	"runtime"

	"github.com/impasto-go/impasto/train/mpi"
	"github.com/impasto-go/impasto/train/ranks"
)

// Group joins the processes that mpirun has started, if it has. All of them call leave
// at their end.
func Group() (g ranks.Group, leave func() error, err error) {
	n := mpi.Started()
	if n == 1 {
		return ranks.One{}, func() error { return nil }, nil
	}
	w, err := mpi.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("mpirun has started %d of these: %w", n, err)
	}
	return w, w.Close, nil
}

// Launchable returns an error if this build cannot be one of several processes, as -np
// asks for.
func Launchable(np int) error {
	if !mpi.Built {
		return fmt.Errorf("-np %d: %w", np, mpi.ErrUnavailable)
	}
	return nil
}

// Threads returns how many threads this process may keep busy: all, or its part where
// several run on this machine. mpirun may have bound it to fewer cores.
func Threads() int {
	return min(max(processors()/mpi.LocalSize(), 1), runtime.GOMAXPROCS(0))
}
