// Command scale says how far a training can be spread over machines: from a model of
// the time of a step, and from how long sums take among processes that mpirun started.
//
//	go run ./examples/scale -compute 250ms -batch 32
//	go build -tags mpi -o scale ./examples/scale && mpirun -np 2 ./scale -measure
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/scale"
)

func main() { cli.Main(scale.Run) }
