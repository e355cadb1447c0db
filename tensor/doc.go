// Package tensor provides float32 NCHW tensors with reverse-mode automatic
// differentiation, as much of it as training style transfer networks needs, on
// interchangeable compute backends.
//
// # Overview
//
// A Tensor is a block of a backend's memory with a Shape. Operations are methods
// of a Tape, which runs them on its backend and, where a gradient will be
// needed, records them:
//
//	be := tensor.CPU()
//	tp := tensor.NewTape(be)
//	y := tp.Conv2d(x, w, b, tensor.Conv2dOptions{Padding: 1})
//	loss := tp.MSE(y, target, 1)
//	tp.Backward(loss)          // fills w's and b's gradients
//	tp.Reset()                 // frees every tensor the tape made
//
// # Memory
//
// Tensors made with New belong to the caller: parameters, inputs, constants.
// Tensors returned by a Tape's operations belong to the tape, and are valid until
// Reset. Release says that the caller is done with one earlier: its memory is
// reused as soon as no recorded operation needs it for its gradient. With
// nothing to differentiate, a network that releases its intermediates therefore
// runs in the memory of its widest layer. A second identical pass over a reset
// tape allocates nothing.
//
// # Gradients
//
// Gradients flow only to tensors marked with RequireGrad and through operations
// on the way to them; frozen weights cost nothing. As in PyTorch, gradients of
// several Backward calls add up until ZeroGrad.
//
// # Own operations
//
// Apply runs and records any Operation; those of a Tape are made with it too. An
// operation of another package is a small type with a forward and a backward
// method, which call the tape's backend on the buffers of tensors.
//
// # Backends
//
// CPU returns the built-in backend: AVX-512, AVX2+FMA or NEON assembly where the
// processor has it, portable Go elsewhere. Package gpu provides OpenGL. A tape, its
// backend and the tensors it computes are used by one goroutine at a time; for
// concurrency give each goroutine its own backend, and share frozen parameters.
//
// # Errors
//
// Shapes that do not fit are programmer errors: operations panic with a
// *ShapeError that names the operation and all shapes. Try turns such a panic
// into an error.
package tensor
