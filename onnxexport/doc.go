// Package onnxexport writes trained style transfer networks as ONNX files for
// game engines and other runtimes, and reads such files back.
//
// A file is one self-contained graph: nn's TransformerNet as 72 nodes (with
// five residual blocks) of six operators, and its weights. Frames go in and
// come out as float32 NCHW tensors of one RGB image, 0..255 by default; the
// output is not clamped. Height and width must be multiples of 4 and at least
// 8, see [CheckSize].
//
// What consumers accept differs, so there are two profiles:
//
//   - [Barracuda], the default: opset 9 and a fixed frame size, as Unity's
//     Barracuda needs it. Its importer cannot handle symbolic sizes; the
//     runtime resizes the network to whatever frame it is given.
//   - [Runtime]: opset 15 and symbolic height and width, for ONNX Runtime,
//     Unity Sentis / Inference Engine and the web.
//
// [Options.Compat] reproduces, byte for byte, what PyTorch 1.7 made of the same
// weights. [Options.UnitRange] moves the scaling between 0..1 and 0..255 into
// the weights of the first and last convolution, which saves the consumer two
// passes over the frame.
//
// [WriteFile] re-reads the bytes it made, checks the graph against the rules of
// the profile, and runs it with an interpreter of its own against the network's
// forward pass before it replaces anything on disk.
package onnxexport
