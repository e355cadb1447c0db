// Package onnxexport writes trained style transfer networks as ONNX files for
// game engines and other runtimes. Package nn/onnx reads such files, and those of
// others.
//
// A file is one self-contained graph: every layer of the network, as package arch
// describes it, becomes a few nodes, 72 for the tutorial's with five residual
// blocks. Frames go in and come out as float32 NCHW tensors of RGB images. Their
// values are 0..1, as textures hold, unless [Options.Bytes] keeps the network's own
// 0..255; the output is not clamped. Height and width must be multiples of 4 and at
// least 8, unless [Options.AnySize] has the graph pad and crop.
//
// What consumers accept differs, so there are profiles, each with rules that
// [Check] holds its files to:
//
//   - [Barracuda], the default: opset 9, Unity's Barracuda 1.0.4 to 3.0. Fixed or
//     symbolic sizes: both run there, and the runtime resizes the network to
//     whatever frame it is given. Newer operator sets do not: 1.0.4 drops the
//     padding of such files without a word.
//   - [Sentis]: opset 15, Unity's Sentis, also called Inference Engine. Symbolic
//     sizes, or fixed ones if they are given.
//   - [ONNXRuntime]: opset 15, ONNX Runtime on desktops, phones and the web.
//     Symbolic sizes; the output's have symbols of their own, as the memory planner
//     takes equal ones for a promise.
//   - [Static]: opset 15 and a fixed size, for whatever compiles a graph for one
//     (DirectML, TensorRT, WebNN, CoreML and its converters, Unreal's NNE). The
//     number of frames may be symbolic.
//   - [OpenCV]: opset 11 and a fixed size, for OpenCV's dnn module. A net that is
//     given frames of changing sizes needs enableFusion(false).
//
// [Options.Compat] reproduces, byte for byte, what PyTorch 1.7 made of the same
// weights.
//
// # Half precision
//
// [HalfWeights] stores the convolutions' weights in float16 and casts them, which
// runtimes do once, at loading. Rounding keeps the sum of every kernel. [HalfValues]
// has the graph compute in float16, all but the encoder and the first residual block:
// these networks magnify what rounding does to a flat part of a picture, and most of
// it there. What is normalized is scaled so that it cannot overflow. On 200 pictures
// (black, white, planes, noise, gradients, shapes) no value was two levels of 255 off,
// with four networks of two families, one of which magnifies noise more than twenty
// times; converting graphs without this care gave up to ten levels and infinite values.
//
// # Checks
//
// [WriteFile] re-reads the bytes it made, checks the graph against the rules of
// the profile, and runs it with an interpreter of its own against the network's
// forward pass before it replaces anything on disk.
package onnxexport
