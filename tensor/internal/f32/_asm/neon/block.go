package main

import "fmt"

// block is what one turn of a loop over floats handles: 4 vectors, or one, or,
// with lanes 1, a single float in the first lane of a vector.
type block struct{ vectors, lanes int }

// blocks are the shapes that loops try in turn.
var blocks = []block{{4, 4}, {1, 4}, {1, 1}}

func (b block) floats() int { return b.vectors * b.lanes }

// load reads a block from disp bytes after p into new vectors. Lanes after the
// first of a single float are zero.
func (b block) load(p gp, disp int) vecs {
	v := newVecs(b.vectors)
	b.loadTo(v, p, disp)
	return v
}

// loadTo reads a block into v.
func (b block) loadTo(v vecs, p gp, disp int) {
	if b.lanes == 1 {
		op("FMOVS", at(p, disp), v[0].f())
		return
	}
	load(v, p, disp)
}

// store writes v to disp bytes after p, after adding what is there if add is set.
func (b block) store(v vecs, p gp, disp int, add bool) {
	if add {
		old := b.load(p, disp)
		fadd(v, v, old)
		free(old...)
	}
	if b.lanes == 1 {
		op("FMOVS", v[0].f(), at(p, disp))
		return
	}
	store(v, p, disp)
}

// channels is a parameter of 16 values, one for each lane of blocked data.
type channels struct {
	p gp
	v vecs
}

// channelsOf loads the parameter name.
func channelsOf(name string) channels {
	c := channels{arg(name), newVecs(4)}
	load(c.v, c.p, 0)
	return c
}

// of returns the values for a block. A short block belongs to the last, broken
// 16 floats: the values for it come from memory, one after the other, over those
// of whole blocks, which are done with.
func (c channels) of(b block) vecs {
	switch {
	case b.vectors == 4:
		return c.v
	case b.lanes == 4:
		op("FMOVQ.P", at(c.p, 16), c.v[0].f())
	default:
		op("FMOVS.P", at(c.p, 4), c.v[0].f())
	}
	return c.v[:1]
}

// elements emits body in loops over n floats behind the pointers, which it
// advances.
func elements(name string, n gp, ptrs []gp, body func(b block)) {
	before := 0
	for _, b := range blocks {
		k := b.floats()
		loop := fmt.Sprintf("%sby%d", name, k)
		if before == 0 {
			op("SUBS", imm(k), n, n)
		} else {
			op("ADDS", imm(before-k), n, n)
		}
		op("BLT", loop+"done")
		label(loop)
		inScope(func() { body(b) })
		for _, p := range ptrs {
			op("ADD", imm(4*k), p, p)
		}
		op("SUBS", imm(k), n, n)
		op("BGE", loop)
		label(loop + "done")
		before = k
	}
	ret()
}

// inScope runs f and gives back the registers it took.
func inScope(f func()) {
	defer scope()()
	f()
}

// variants emits body without and with the bool parameter add set; body returns.
func variants(body func(name string, add bool)) {
	flag := arg("add")
	op("CBNZ", flag, "adding")
	inScope(func() { body("set", false) })
	label("adding")
	inScope(func() { body("add", true) })
}
