// Package nn builds feed-forward style transfer networks out of tensor
// operations: their layers, their state dict under PyTorch's names, and the Adam
// optimizer that trains them.
//
// # Networks
//
// A network is described as data by package arch. NewNetwork makes an untrained one,
// NewNetworkFrom one with the weights of a state dict, whose tensors tell which
// network it is. A network takes a batch of RGB images {N, 3, H, W} with values
// 0..255 to images of the same size; arch.Network.CheckSize says which sizes fit.
//
//	net := nn.NewNetwork(be, arch.Tutorial([3]int{8, 16, 32}, 5), seed)
//	y := net.Forward(tp, x)
//
// # Weights
//
// Parameters are named, shaped and ordered as PyTorch's state_dict has them, so
// that files go both ways; packages pth, safetensors and weights read and write
// them.
//
// # Biases before a normalization
//
// Every convolution but the last is followed by an instance normalization, which
// subtracts the mean of each plane and with it the convolution's bias. Such a
// bias has no effect and a gradient of zero: this package keeps it unchanged in
// the state dict and leaves it out of the computation. (In PyTorch, Adam moves
// these biases about by rounding noise.)
package nn
