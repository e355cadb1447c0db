// Command exportonnx turns a trained style into an ONNX file for game engines and
// other runtimes.
//
//	exportonnx -model final.pth -out final.onnx
//	exportonnx -model final.pth -out final.onnx -profile onnxruntime
//	exportonnx -model from-elsewhere.onnx -out static.onnx -profile static -width 1280 -height 720
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/exportonnx"
)

func main() { cli.Main(exportonnx.Run) }
