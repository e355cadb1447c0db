package pth

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// storageTypes are torch's typed storages; old files written on a GPU name them
// in module torch.cuda.
var storageTypes = map[string]tensorio.DType{
	"FloatStorage": tensorio.F32, "DoubleStorage": tensorio.F64,
	"HalfStorage": tensorio.F16, "BFloat16Storage": tensorio.BF16,
	"ByteStorage": tensorio.U8, "CharStorage": tensorio.I8, "ShortStorage": tensorio.I16,
	"IntStorage": tensorio.I32, "LongStorage": tensorio.I64, "BoolStorage": tensorio.Bool,
}

// callables are the globals that REDUCE may call, all of them imitated here:
// nothing of Python runs.
var callables = map[global]func(*unpickler, tuple) (any, error){
	"collections.OrderedDict":                    orderedDict,
	"torch._utils._rebuild_tensor":               rebuildTensor,
	"torch._utils._rebuild_tensor_v2":            rebuildTensor,
	"torch._utils._rebuild_parameter":            parameter,
	"torch._utils._rebuild_parameter_with_state": parameter,
	"torch.nn.parameter.Parameter":               parameter,
	"torch.Size":                                 size,
}

// storageType returns the element type if g names a storage class.
func (g global) storageType() (tensorio.DType, bool) {
	for _, module := range []string{"torch.", "torch.cuda."} {
		if len(g) > len(module) && string(g[:len(module)]) == module {
			if t, ok := storageTypes[string(g[len(module):])]; ok {
				return t, true
			}
		}
	}
	return 0, false
}

// global pushes the name of a Python object, if it is one of the few that a
// state dict refers to.
func (u *unpickler) global() error {
	module, err := u.line()
	if err != nil {
		return err
	}
	name, err := u.line()
	if err != nil {
		return err
	}
	g := global(module + "." + name)
	if _, ok := callables[g]; !ok {
		if _, ok := g.storageType(); !ok {
			return fmt.Errorf("%w: %s, byte %d: it refers to %q", ErrUnsafe, u.what, u.off, string(g))
		}
	}
	return u.push(g)
}

// reduce calls a global with a tuple of arguments.
func (u *unpickler) reduce() error {
	a, err := u.pop()
	if err != nil {
		return err
	}
	f, err := u.pop()
	if err != nil {
		return err
	}
	args, ok := a.(tuple)
	g, isGlobal := f.(global)
	if !ok || !isGlobal || callables[g] == nil {
		return u.corrupt("REDUCE calls a %s with a %s", kind(f), kind(a))
	}
	v, err := callables[g](u, args)
	if err != nil {
		return err
	}
	return u.push(v)
}

// build drops the attributes of an OrderedDict (its _metadata) or Parameter.
func (u *unpickler) build() error {
	if _, err := u.pop(); err != nil {
		return err
	}
	target, err := u.top()
	if err != nil {
		return err
	}
	switch target.(type) {
	case *dict, *tensor:
		return nil
	}
	return u.corrupt("BUILD of a %s", kind(target))
}

// persistent makes a storage of its persistent id
// ('storage', class, key, device, numel), in legacy files with a sixth member.
func (u *unpickler) persistent() error {
	v, err := u.pop()
	if err != nil {
		return err
	}
	id, _ := v.(tuple)
	if len(id) == 6 && id[5] != nil {
		return u.corrupt("storage views of PyTorch before 0.4 are not supported")
	}
	if len(id) != 5 && len(id) != 6 {
		return u.corrupt("a persistent id is not a tuple of 5 or 6")
	}
	tag, _ := id[0].(string)
	class, _ := id[1].(global)
	key, okKey := id[2].(string)
	_, okDevice := id[3].(string)
	numel, okNumel := id[4].(int64)
	dtype, okClass := class.storageType()
	if tag != "storage" || !okClass || !okKey || !okDevice || !okNumel || numel < 0 || numel > math.MaxInt64/8 {
		return u.corrupt("a persistent id does not describe a storage")
	}
	s := &storage{dtype, key, numel}
	if old := u.storages[key]; old == nil {
		u.storages[key] = s
	} else if *old != *s {
		return u.corrupt("storage %.80q is described in two ways", key)
	}
	return u.push(u.storages[key])
}

// orderedDict is collections.OrderedDict: empty, or from pairs as Python 2 writes it.
func orderedDict(u *unpickler, args tuple) (any, error) {
	d := &dict{}
	if len(args) == 0 {
		return d, nil
	}
	pairs, ok := sequence(args[0])
	if !ok || len(args) != 1 {
		return nil, u.corrupt("OrderedDict of something that is not pairs")
	}
	if err := u.budget.Take(2*itemCost*int64(len(pairs)), u.what); err != nil {
		return nil, err
	}
	for _, p := range pairs {
		kv, ok := sequence(p)
		if !ok || len(kv) != 2 {
			return nil, u.corrupt("OrderedDict of something that is not pairs")
		}
		d.items = append(d.items, pair{kv[0], kv[1]})
	}
	return d, nil
}

func sequence(v any) ([]any, bool) {
	switch v := v.(type) {
	case tuple:
		return v, true
	case *list:
		return v.items, true
	}
	return nil, false
}

// size is torch.Size(tuple).
func size(u *unpickler, args tuple) (any, error) {
	if len(args) == 1 {
		if t, ok := args[0].(tuple); ok {
			return t, nil
		}
	}
	return nil, u.corrupt("torch.Size of something that is not a tuple")
}

// parameter is nn.Parameter(data, ...): the tensor itself.
func parameter(u *unpickler, args tuple) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(*tensor); ok {
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
