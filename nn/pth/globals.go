package pth

import (
	"fmt"
	"math"
	"strings"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// element is what a storage consists of.
type element struct {
	dtype tensorio.DType
	size  int64 // bytes
	plain bool  // dtype says what it is; others may lie beside the weights
}

func plain(t tensorio.DType) element { return element{t, t.Size(), true} }

// storageTypes are torch's storages; old files written on a GPU name them in module
// torch.cuda.
var storageTypes = map[string]element{
	"FloatStorage": plain(tensorio.F32), "DoubleStorage": plain(tensorio.F64),
	"HalfStorage": plain(tensorio.F16), "BFloat16Storage": plain(tensorio.BF16),
	"ByteStorage": plain(tensorio.U8), "CharStorage": plain(tensorio.I8), "ShortStorage": plain(tensorio.I16),
	"IntStorage": plain(tensorio.I32), "LongStorage": plain(tensorio.I64), "BoolStorage": plain(tensorio.Bool),

	"ComplexFloatStorage": {size: 8}, "ComplexDoubleStorage": {size: 16},
	"QUInt8Storage": {size: 1}, "QInt8Storage": {size: 1}, "QInt32Storage": {size: 4},
	"QUInt4x2Storage": {size: 1}, "QUInt2x4Storage": {size: 1},
	"UntypedStorage": {size: 1},
}

// callables are the globals that REDUCE may call, all of them imitated here:
// nothing of Python runs.
var callables = map[global]func(*unpickler, tuple) (any, error){
	"collections.OrderedDict":                    orderedDict,
	"collections.Counter":                        counter,
	"collections.defaultdict":                    emptyDict,
	"torch._utils._rebuild_tensor":               rebuildTensor,
	"torch._utils._rebuild_tensor_v2":            rebuildTensor,
	"torch._utils._rebuild_tensor_v3":            rebuildTyped,
	"torch._utils._rebuild_parameter":            parameter,
	"torch._utils._rebuild_parameter_with_state": parameter,
	"torch.nn.parameter.Parameter":               parameter,
	"torch.nn.parameter.Buffer":                  parameter,
	"torch._tensor._rebuild_from_type_v2":        rebuildFromType,
	"torch.Size":                                 size,

	"torch._utils._rebuild_qtensor":                       notPlain("quantized"),
	"torch._utils._rebuild_sparse_tensor":                 notPlain("sparse"),
	"torch._utils._rebuild_sparse_csr_tensor":             notPlain("sparse"),
	"torch._utils._rebuild_nested_tensor":                 notPlain("nested"),
	"torch._utils._rebuild_meta_tensor_no_storage":        notPlain("without values (meta)"),
	"torch._utils._rebuild_wrapper_subclass":              notPlain("of a class of its own"),
	"torch._utils._rebuild_device_tensor_from_numpy":      notPlain("kept as a NumPy array"),
	"torch._utils._rebuild_device_tensor_from_cpu_tensor": parameter,
}

// classes are the globals that PyTorch's weights_only loading allows besides, or
// asks its users to allow, because checkpoints often hold an object of them beside
// the weights. Such an object is a value without a meaning here.
var classes = makeClasses()

func makeClasses() map[global]bool {
	known := map[global]bool{}
	for module, names := range map[string]string{
		"torch": "device Tensor per_tensor_affine per_tensor_symmetric per_channel_affine " +
			"per_channel_symmetric per_channel_affine_float_qparams strided sparse_coo sparse_csr",
		"torch.serialization":    "_get_layout",
		"torch.storage":          "TypedStorage",
		"_codecs":                "encode", // bytes and bytearray of protocol 2
		"__builtin__":            "set frozenset bytearray complex slice range list dict tuple int float str bool",
		"builtins":               "set frozenset bytearray complex slice range list dict tuple int float str bool",
		"datetime":               "datetime date timedelta timezone",
		"argparse":               "Namespace",
		"types":                  "SimpleNamespace",
		"pathlib":                "Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath",
		"pathlib._local":         "Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath",
		"numpy":                  "dtype ndarray bool_ float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64",
		"numpy.core.multiarray":  "scalar _reconstruct",
		"numpy._core.multiarray": "scalar _reconstruct",
		"numpy.dtypes": "BoolDType Float16DType Float32DType Float64DType Int8DType Int16DType Int32DType Int64DType " +
			"UInt8DType UInt16DType UInt32DType UInt64DType StrDType BytesDType",
	} {
		for _, name := range strings.Fields(names) {
			known[global(module+"."+name)] = true
		}
	}
	for _, dtype := range strings.Fields("bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 float32 float64 " +
		"half float double long int short bfloat16 complex32 complex64 complex128 quint8 qint8 qint32 quint4x2 quint2x4 " +
		"float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu") {
		known[global("torch."+dtype)] = true
	}
	return known
}

// storageType returns what the storages of class g consist of.
func (g global) storageType() (element, bool) {
	for _, module := range []string{"torch.", "torch.cuda.", "torch.storage."} {
		if name, ok := strings.CutPrefix(string(g), module); ok {
			if t, ok := storageTypes[name]; ok {
				return t, true
			}
		}
	}
	return element{}, false
}

// global pushes the name of a Python object, if it is one of the few that a
// checkpoint refers to.
func (u *unpickler) global() error {
	module, err := u.line()
	if err != nil {
		return err
	}
	name, err := u.line()
	if err != nil {
		return err
	}
	return u.refer(module, name)
}

// stackGlobal is global with the names on the stack.
func (u *unpickler) stackGlobal() error {
	name, err := u.pop()
	if err != nil {
		return err
	}
	module, err := u.pop()
	if err != nil {
		return err
	}
	m, okModule := module.(string)
	n, okName := name.(string)
	if !okModule || !okName || len(m)+len(n) > maxGlobal {
		return u.corrupt("a global is named by a %s and a %s", kind(module), kind(name))
	}
	return u.refer(m, n)
}

func (u *unpickler) refer(module, name string) error {
	g := global(module + "." + name)
	if _, ok := g.storageType(); !ok && callables[g] == nil && !classes[g] {
		return fmt.Errorf("%w: %s, byte %d: it refers to %q%s", ErrUnsafe, u.what, u.off, string(g), g.advice())
	}
	return u.push(g)
}

// advice tells what to do about a file that holds more than weights.
func (g global) advice() string {
	module, _, _ := strings.Cut(string(g), ".")
	switch module {
	case "os", "posix", "nt", "subprocess", "sys", "builtins", "__builtin__", "runpy", "socket", "shutil":
		return ", which weights never need: do not trust the file"
	case "__torch__":
		return ": it is a TorchScript program; save its weights alone, with torch.save(torch.jit.load(FILE).state_dict(), ...)"
	default:
		return ": it holds Python objects and not only weights; save these alone, with torch.save(model.state_dict(), ...)"
	}
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
	if !ok || !isGlobal || callables[g] == nil && !classes[g] {
		return u.corrupt("REDUCE calls a %s with a %s", kind(f), kind(a))
	}
	if classes[g] {
		return u.push(&object{g})
	}
	v, err := callables[g](u, args)
	if err != nil {
		return err
	}
	return u.push(v)
}

// build drops the attributes of an OrderedDict (its _metadata), a Parameter or an
// object.
func (u *unpickler) build() error {
	if _, err := u.pop(); err != nil {
		return err
	}
	target, err := u.top()
	if err != nil {
		return err
	}
	switch target.(type) {
	case *dict, *tensor, *unreadable, *object:
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
	e, okClass := class.storageType()
	if tag != "storage" || !okClass || !okKey || !okDevice || !okNumel || numel < 0 || numel > math.MaxInt64/16 {
		return u.corrupt("a persistent id does not describe a storage")
	}
	s := &storage{e, key, numel}
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

// counter is collections.Counter: empty, or of a dict.
func counter(u *unpickler, args tuple) (any, error) {
	if len(args) == 1 {
		if d, ok := args[0].(*dict); ok {
			return d, nil
		}
	}
	return emptyDict(u, args)
}

// emptyDict makes a dict of whatever, which is filled later.
func emptyDict(*unpickler, tuple) (any, error) { return &dict{}, nil }

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
