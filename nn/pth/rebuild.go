package pth

import (
	"math"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// parameter is nn.Parameter(data, ...): the tensor itself.
func parameter(u *unpickler, args tuple) (any, error) {
	if len(args) > 0 {
		switch t := args[0].(type) {
		case *tensor, *unreadable:
			return t, nil
		}
	}
	return nil, u.corrupt("a Parameter of something that is not a tensor")
}

// rebuildTensor is torch._utils._rebuild_tensor_v2(storage, offset, size, stride,
// ...), whose further arguments concern autograd. It checks that every element
// lies inside the storage.
func rebuildTensor(u *unpickler, args tuple) (any, error) {
	if len(args) < 4 {
		return nil, u.corrupt("a tensor has %d arguments", len(args))
	}
	s, okStorage := args[0].(*storage)
	offset, okOffset := args[1].(int64)
	dims, okShape := args[2].(tuple)
	strides, okStride := args[3].(tuple)
	if !okStorage || !okOffset || !okShape || !okStride || len(dims) != len(strides) || len(dims) > maxRank {
		return nil, u.corrupt("a tensor's arguments are not (storage, offset, size, stride)")
	}
	if err := u.budget.Take(16*int64(len(dims)), u.what); err != nil {
		return nil, err
	}
	if !s.plain {
		return &unreadable{"of complex, quantized or untyped numbers"}, nil
	}
	t := &tensor{s, offset, make([]int, len(dims)), make([]int64, len(dims))}
	for i := range dims {
		dim, ok := dims[i].(int64)
		stride, okStride := strides[i].(int64)
		if !ok || !okStride || dim < 0 || dim > math.MaxInt || stride < 0 {
			return nil, u.corrupt("a tensor's size or stride is not a number >= 0")
		}
		t.shape[i], t.stride[i] = int(dim), stride
	}
	n, ok := tensorio.NumElements(t.shape)
	if !ok || offset < 0 || offset > s.numel || !t.inside(n) {
		return nil, u.corrupt("a tensor of size %v, stride %v, offset %d exceeds its storage of %d elements",
			t.shape, t.stride, offset, s.numel)
	}
	return t, nil
}

// rebuildTyped is torch._utils._rebuild_tensor_v3(storage, offset, size, stride,
// requires_grad, hooks, dtype, ...) for types without a storage class, such as
// unsigned 16-bit integers and 8-bit floats.
func rebuildTyped(_ *unpickler, args tuple) (any, error) {
	dtype := "an unknown type"
	if len(args) > 6 {
		dtype = kind(args[6])
	}
	return &unreadable{"of " + dtype}, nil
}

// rebuildFromType is torch._tensor._rebuild_from_type_v2(function, type, arguments,
// state), which makes a tensor with attributes of its own.
func rebuildFromType(u *unpickler, args tuple) (any, error) {
	if len(args) == 4 {
		g, okFunction := args[0].(global)
		inner, okArgs := args[2].(tuple)
		switch {
		case !okFunction || !okArgs:
		case g == "torch._utils._rebuild_tensor_v2":
			return rebuildTensor(u, inner)
		case g == "torch._utils._rebuild_parameter":
			return parameter(u, inner)
		default:
			return &unreadable{"of a class of its own"}, nil
		}
	}
	return nil, u.corrupt("_rebuild_from_type_v2 of something that makes no tensor")
}

// notPlain stands for the functions that make tensors without plain values.
func notPlain(why string) func(*unpickler, tuple) (any, error) {
	return func(*unpickler, tuple) (any, error) { return &unreadable{why}, nil }
}

const maxRank = 64 // as PyTorch

// inside reports whether the last of the n elements lies in the storage.
func (t *tensor) inside(n int64) bool {
	if n == 0 {
		return true
	}
	left := t.storage.numel - 1 - t.offset
	for i, dim := range t.shape {
		steps := int64(dim) - 1
		if steps > 0 && t.stride[i] > left/steps {
			return false
		}
		left -= steps * t.stride[i]
	}
	return left >= 0
}

// whole reports whether the tensor is all of its storage in order.
func (t *tensor) whole() bool {
	step := int64(1)
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.stride[i] != step {
			return false
		}
		step *= int64(t.shape[i])
	}
	return t.offset == 0 && step == t.storage.numel
}
