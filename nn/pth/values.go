package pth

import "fmt"

// The values of a pickle are nil, bool, int64, float64, string, blob, global, tuple,
// *list, *dict, *set, *storage, *tensor, *unreadable and *object. Lists, dicts and
// sets are pointers because a pickle goes on filling them after it has referred to
// them.
type (
	global  string // "module.name", one of the allowed globals
	bigint  string // little-endian two's complement bytes of an int beyond 64 bits
	tuple   []any
	list    struct{ items []any }
	set     struct{} // its members are dropped: none is a weight
	blob    struct{} // bytes, likewise
	pair    struct{ key, value any }
	dict    struct{ items []pair }
	storage struct {
		element
		key   string
		numel int64
	}
	tensor struct {
		storage *storage
		offset  int64
		shape   []int
		stride  []int64
	}
	// unreadable is a tensor of a kind that has no plain values, such as a sparse one.
	unreadable struct{ why string }
	// object is a Python object of a harmless class, whose state is dropped.
	object struct{ class global }
)

// kind names a value in messages.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return "str"
	case tuple:
		return "tuple"
	case int64, bigint:
		return "int"
	case *tensor, *unreadable:
		return "tensor"
	case *storage:
		return "storage"
	case *dict:
		return "dict"
	case *list:
		return "list"
	case *set:
		return "set"
	case blob:
		return "bytes"
	case *object:
		return string(v.class)
	case global:
		return string(v)
	default:
		return fmt.Sprintf("%T", v)
	}
}
