// Command exportshader turns a trained style into a file that runs it on the
// graphics card by itself, as compute shaders with the weights inside:
//
//	exportshader -model final.pth -out style.html   # a page for browsers with WebGPU
//	exportshader -model final.pth -out style.gd     # a compositor effect for Godot 4
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/exportshader"
)

func main() { cli.Main(exportshader.Run) }
