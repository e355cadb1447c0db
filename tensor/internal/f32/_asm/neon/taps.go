package main

import "fmt"

// tapShapes lists, for each number of output channels, the numbers of vectors of
// pixels computed at once, in the order they are tried. Of the first, one tap
// takes, in loads of a vector for multiply-adds (pairs count twice):
//
//	8 channels: 3 pixels + 2 weights for 24, 0.21 each
//	4 channels: 6 + 1 for 24, 0.29
//	3 channels: 8 + 2 for 24, 0.42
//	1 channel:  8 + 1 for 8, 1.13
var tapShapes = []struct {
	oc      int
	vectors []int
}{{8, []int{3, 1}}, {4, []int{6, 3, 1}}, {3, []int{8, 4, 1}}, {1, []int{8, 4, 1}}}

func taps() {
	for _, s := range tapShapes {
		fn(fmt.Sprintf("taps%d", s.oc), "dst *float32, ds int, x *float32, offs *int32, w, bias *float32, nt, n int", 0,
			fmt.Sprintf("is plain.Taps for %d channels and nt taps. nt and n are above 0.", s.oc))
		dst, x, n, ds := arg("dst"), arg("x"), arg("n"), bytesOf("ds")
		for _, v := range s.vectors {
			name := fmt.Sprintf("by%d", v)
			label(name)
			op("CMP", imm(4*v), n)
			op("BLT", name+"done")
			tapBlock(name, dst, x, ds, s.oc, v, nil)
			op("ADD", imm(16*v), dst, dst)
			op("ADD", imm(16*v), x, x)
			op("SUB", imm(4*v), n, n)
			op("B", name)
			label(name + "done")
		}
		op("CBZ", n, "end")
		tapBlock("tail", dst, x, ds, s.oc, 1, &n)
		label("end")
		ret()
	}
}

// tapBlock computes oc channels by v vectors; of the last, tail lanes if not nil.
func tapBlock(name string, dst, x, ds gp, oc, v int, tail *gp) {
	defer scope()()
	bias, offs, w, nt, p := arg("bias"), arg("offs"), arg("w"), arg("nt"), newGP()
	acc := make([]vecs, oc)
	for o := range acc {
		acc[o] = newVecs(v)
		op("VLD1R.P", at(bias, 4), acc[o][:1].list())
		move(acc[o][1:], acc[o][:1])
	}
	c := newVecs((oc + 3) / 4)
	if oc == 3 {
		c = append(c, newVec())
	}
	in := newVecs(min(v, len(freeVec)))
	label(name + "taps")
	offset(offs, x, p)
	weight := func(o int) (vec, int) { return c[o/4], o % 4 }
	switch oc {
	case 8:
		op("FLDPQ.P", at(w, 32), fmt.Sprintf("(%s, %s)", c[0].f(), c[1].f()))
	case 4:
		op("FMOVQ.P", at(w, 16), c[0].f())
	case 3:
		op("FMOVD.P", at(w, 8), c[0].f())
		op("FMOVS.P", at(w, 4), c[1].f())
		weight = func(o int) (vec, int) { return c[o/2], o % 2 }
	case 1:
		op("FMOVS.P", at(w, 4), c[0].f())
	}
	for first := 0; first < v; first += len(in) {
		in = in[:min(len(in), v-first)]
		load(in, p, 16*first)
		for i := range in {
			for o := range acc {
				w, lane := weight(o)
				mlaLane(acc[o][first+i], in[i], w, lane)
			}
		}
	}
	down(nt, 1, name+"taps")
	op("MOVD", dst, offs)
	for o := range acc {
		if tail == nil {
			store(acc[o], offs, 0)
		} else {
			op("MOVD", offs, p)
			storeLanes(acc[o][0], p, *tail, fmt.Sprintf("%s%d", name, o))
		}
		op("ADD", ds, offs, offs)
	}
}

// gradShapes lists, for each number of output channels, the numbers of taps
// whose sums are kept in registers at once. Of the first, 4 pixels take:
//
//	8 channels: 8 + 3 loads for 24 multiply-adds, 0.46 each
//	4 channels: 4 + 6 for 24, 0.42
//	3 channels: 3 + 9 for 27, 0.44
//	1 channel:  1 + 9 for 9, 1.11
var gradShapes = []struct {
	oc   int
	taps []int
}{{8, []int{3, 1}}, {4, []int{6, 3, 1}}, {3, []int{9, 3, 1}}, {1, []int{9, 3, 1}}}

func tapsGrad() {
	for _, s := range gradShapes {
		fn(fmt.Sprintf("tapsGrad%d", s.oc),
			"dw, dy *float32, ds, dyRow int, x *float32, offs *int32, xRow, nt, rows, n int", 0,
			fmt.Sprintf("is plain.TapsGrad for %d channels and nt taps. nt, rows and n are above 0.", s.oc))
		dw, offs, nt := arg("dw"), arg("offs"), arg("nt")
		for _, g := range s.taps {
			name := fmt.Sprintf("by%d", g)
			label(name)
			op("CMP", imm(g), nt)
			op("BLT", name+"done")
			gradBlock(name, dw, offs, s.oc, g)
			op("SUB", imm(g), nt, nt)
			op("B", name)
			label(name + "done")
		}
		ret()
	}
}

// gradBlock adds the sums of oc channels by g taps over all rows to dw and
// advances dw and offs by g taps.
func gradBlock(name string, dw, offs gp, oc, g int) {
	defer scope()()
	x, dy, rows, ds := arg("x"), arg("dy"), arg("rows"), bytesOf("ds")
	acc := tile(g, oc)
	stay, turn := newVecs(min(g, oc)), newVec()
	px, pdy := make([]gp, g), make([]gp, oc)
	for t := range px {
		px[t] = newGP()
	}
	for o := range pdy {
		pdy[o] = newGP()
	}
	n := newGP()
	label(name + "rows")
	for t := range px {
		op("MOVW", at(offs, 4*t), px[t])
		op("ADD", shifted(px[t]), x, px[t])
	}
	op("MOVD", dy, pdy[0])
	for o := 1; o < oc; o++ {
		op("ADD", ds, pdy[o-1], pdy[o])
	}
	term := func(mnemonic string, size int) {
		few, many := px, pdy
		if oc < g {
			few, many = pdy, px
		}
		for i, p := range few {
			op(mnemonic, at(p, size), stay[i].f())
		}
		for j, p := range many {
			op(mnemonic, at(p, size), turn.f())
			for i := range few {
				sum := i*oc + j
				if oc < g {
					sum = j*oc + i
				}
				mla(acc[sum/oc][sum%oc:][:1], vecs{turn}, stay[i:][:1])
			}
		}
	}
	reload("n", n)
	op("SUBS", "$4", n, n)
	op("BLT", name+"fours")
	label(name + "four")
	term("FMOVQ.P", 16)
	op("SUBS", "$4", n, n)
	op("BGE", name+"four")
	label(name + "fours")
	op("ADDS", "$4", n, n)
	op("BEQ", name+"next")
	label(name + "one")
	term("FMOVS.P", 4)
	down(n, 1, name+"one")
	label(name + "next")
	reload("xRow", n)
	op("ADD", shifted(n), x, x)
	reload("dyRow", n)
	op("ADD", shifted(n), dy, dy)
	down(rows, 1, name+"rows")
	for t := range acc {
		for o := range acc[t] {
			sum := acc[t][o:][:1]
			three("faddp.4s", sum, sum, sum)
			three("faddp.4s", sum, sum, sum)
			op("FMOVS", at(dw, 0), turn.f())
			op("FADDS", sum[0].f(), turn.f(), turn.f())
			op("FMOVS.P", turn.f(), at(dw, 4))
		}
	}
	op("ADD", imm(4*g), offs, offs)
}
