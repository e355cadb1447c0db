// Command gpuinfo says what the graphics card can do for impasto: its name and
// limits, whether every operation computes what it should, and how fast.
//
//	go run -tags gl ./examples/gpuinfo
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/gpuinfo"
)

func main() { cli.Main(gpuinfo.Run) }
