// Package shader writes a trained network as compute shaders, for programs that run
// neither Go nor OpenGL: WGSL for WebGPU in browsers, GLSL for Vulkan in engines such
// as Godot.
//
//	p, err := shader.New(net, weights)
//	source := p.WGSL(p.Kernels[0])
//
// A Program is data: kernels to compile, buffers to make, weights to upload, and
// steps to dispatch in order. What runs it needs to know nothing of networks; see
// examples/exportshader for one in JavaScript and one in GDScript.
//
// # Running a program
//
// All kernels share one uniform of eight 32-bit numbers: the picture's width and
// height in pixels and both rounded up to what the network takes
// (arch.Network.FitSize), as integers, then the strength of the style, 0 to 1, and
// three floats that the host may use. Buffer i has Channels * (width/Scale) *
// (height/Scale) floats, in terms of the rounded size. The kernels' other bindings
// are, in order, what the step's Bindings list.
//
// A step's workgroups are counted in the rounded size as well; see Step.Groups.
//
// The result is that of the network on the CPU up to rounding: normalizations merge
// means and squared deviations of parts (Chan et al., Algorithms for computing the
// sample variance, 1983), and convolutions are direct sums.
package shader
