// Command distill makes a narrow VGG-19 that sees pictures much as VGG-19 does, at a
// small part of the cost: the network of package vgg/compact, or one of other width or
// trained on other pictures.
//
//	go run ./examples/distill -vgg vgg19.safetensors -dataset photos -out small.safetensors
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/distill"
)

func main() { cli.Main(distill.Run) }
