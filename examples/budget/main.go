// Command budget prints what a style transfer network costs before anyone trains
// it: parameters, multiplications, memory and the time of every layer on this
// computer, for one picture of a given size. Costs do not depend on the values of
// the weights, so it measures an untrained network.
//
//	budget -filters 8,16,32 -res-blocks 5 -width 960 -height 540
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/budget"
)

func main() { cli.Main(budget.Run) }
