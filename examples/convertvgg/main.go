// Command convertvgg turns torchvision's VGG-19 weights, a 574 MB .pth file,
// into a safetensors file that holds only the convolutions that style transfer
// needs (80 MB), and can download the .pth file first.
//
//	convertvgg -download vgg19-dcbb9e9d.pth vgg19.safetensors
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/convertvgg"
)

func main() { cli.Main(convertvgg.Run) }
