// Command train trains a style transfer network and leaves a run folder with
// checkpoints, sample pictures, the trained weights and an ONNX file.
//
// Without arguments it trains on pictures it draws itself, in about two minutes.
// With -dataset, -style and -vgg it is the tutorial's training; flags are named as
// the tutorial names its variables.
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/train"
)

func main() { cli.Main(train.Run) }
