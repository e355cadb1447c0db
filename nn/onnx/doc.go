// Package onnx reads ONNX files of style transfer networks: those of package
// onnxexport, of PyTorch and of tools that change such files.
//
// [ReadFile] parses a file into a [Model], within bounds that hold for malicious
// files too. [Model.Network] finds out which network the graph computes: it folds
// what does not depend on pixels (sizes, pads, casts, in whichever way an exporter
// writes them), follows the values from the frame to the output, and compares the
// layers that it finds with those of the families in package arch. So names, the
// order of additions, constants in nodes or initializers, fixed or symbolic sizes
// and operator sets 9 to 15 make no difference, and metadata matter only where the
// graph leaves something open. [Model.Evaluate] runs a graph slowly, in float64, to
// test others against.
//
// Most users want package weights, whose ReadFile returns the weights in an ONNX
// file as it does those of a .pth.
package onnx
