// Command sweep finds the weight of a style, and the size to show it at: it trains
// a network for a few hundred steps with each of several and lays the results out
// on one sheet to choose from.
//
// Every training starts from the same weights and sees the same pictures, which are
// decoded once. Without arguments the pictures are drawn. Flags that
// examples/train has mean the same here.
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/sweep"
)

func main() { cli.Main(sweep.Run) }
