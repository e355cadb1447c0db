package backendtest

import (
	"reflect"
	"slices"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor/backend"
)

// operation makes the calls that test one operation and its gradients.
type operation struct {
	name    string
	table   func(g *gen) []call // calls on chosen shapes
	random  func(g *gen) []call // calls on one random shape
	missing func(b backend.Backend) string
}

// operations lists all operations of the contract.
func operations() []operation {
	return []operation{
		elementwiseOp, maskOp, concatOp, conv2dOp, reflectPadOp, upsampleOp, warpOp, maxPoolOp, reluOp, tanhOp, sigmoidOp,
		instanceNormOp,
		channelAffineOp, gramOp, mseOp, meanOp, charbonnierOp, totalVariationOp, absVariationOp, adamOp, convBlockOp, normBlockOp, convPoolerOp, gradGaterOp,
	}
}

// Methods returns the names of all operations of the contract: the methods of
// backend.Backend but those for memory and the device itself, and those of fused
// blocks.
func Methods() []string {
	var names []string
	for _, contract := range []reflect.Type{
		reflect.TypeFor[backend.Backend](), reflect.TypeFor[backend.ConvFuser](), reflect.TypeFor[backend.NormFuser](),
		reflect.TypeFor[backend.ConvPooler](), reflect.TypeFor[backend.GradGater](),
	} {
		for i := range contract.NumMethod() {
			names = append(names, contract.Method(i).Name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.Contains([]string{"Name", "Alloc", "Free", "Write", "Read", "Sync", "Close"}, name)
	})
}

// check runs the operation's calls.
func (o operation) check(h *harness) {
	for _, c := range o.calls(randomShapes()) {
		h.check(&c)
	}
}

// calls returns the calls of the table and of so many random shapes.
func (o operation) calls(shapes int) []call {
	g := newGen(o.name)
	all := o.table(g)
	for range shapes {
		all = append(all, o.random(g)...)
	}
	return all
}

func randomShapes() int {
	if need.Long() {
		return 200
	}
	return 10
}

// each collects the calls of a table's rows.
func each[R any](rows []R, f func(r R) []call) []call {
	var all []call
	for _, r := range rows {
		all = append(all, f(r)...)
	}
	return all
}

// adding names the two variants of a gradient.
func adding(name string, add bool) string {
	if add {
		return name + " add"
	}
	return name
}

// optional returns the buffer at i, or nil if there is none.
func optional(bufs []backend.Buffer, i int) backend.Buffer {
	if i < len(bufs) {
		return bufs[i]
	}
	return nil
}
