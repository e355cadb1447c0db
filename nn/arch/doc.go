// Package arch describes feed-forward style transfer networks as data: a Network
// is a list of layers. Whatever depends on a network's topology is derived from
// that list: the names, shapes and order of its parameters, how it runs (package
// nn), in tiles too (nn/stylize), which sizes of pictures fit, what it costs, its
// ONNX graph (onnxexport). The package knows no tensors.
//
//	n := arch.Tutorial([3]int{8, 16, 32}, 5)
//	n, err := arch.New("pytorch-examples", [3]int{32, 64, 128}, 5)
//	n, err := arch.Recognize(weights)
//
// # Layers
//
// A layer is a convolution with what surrounds it:
//
//	relu?( norm?( sample( blur?( conv( reflectionpad( upsample( x )))))))
//	    + factor * output of an earlier layer + ...
//
// x is the output of the layer before. Upsampling repeats pixels. A normalization
// is PyTorch's InstanceNorm2d with affine=True and epsilon 1e-5.
//
// # Blur
//
// Layer.Blur filters what a convolution yields with a row of Pascal's triangle in
// both directions. Before a stride of two it removes the high frequencies that
// sampling would fold onto low ones, so that what the network sees depends less on
// where a picture's pixels happen to lie (Zhang, arXiv:1904.11486). After an
// upsampling by two, blur and convolution change places: repeated pixels filtered
// with 1-2-1 are bilinear interpolation, exactly, and mirrored padding keeps it so at
// the edges. A convolution and a filter are one convolution with a larger kernel,
// which Layer.Fold computes, so that a blurred layer needs no operation of its own
// anywhere.
//
// # A network of your own
//
// Write a Network, call Check, and give it to nn.NewNetwork; everything else
// follows. A network whose weights files are to be recognized gets a row in the
// table of families (families.go): its parameters' names must differ from those of
// the other families.
package arch
