package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Winograd transforms work on one tile and one vector of channels at a time:
// first all columns, then all rows. Between the two, AVX-512 keeps the first
// kept columns of intermediate values in registers; the others, and all with
// AVX2, wait in a scratch area on the stack.

// tileLoop is what the transforms share: it emits the loops over tiles and over
// the channels of a tile.
type tileLoop struct {
	kept    int          // columns kept in registers
	rows    int          // intermediate values in a column
	scratch reg.Register // the others: column-major
	mid     [][]reg.VecVirtual
}

// newTileLoop allocates scratch for cols columns of rows values.
func newTileLoop(rows, cols, kept int) *tileLoop {
	l := &tileLoop{rows: rows, kept: kept, mid: make([][]reg.VecVirtual, cols)}
	if !wide {
		l.kept = 0
	}
	if n := (cols - l.kept) * rows; n > 0 {
		p := GP64()
		LEAQ(AllocLocal(n*4*width+64), p)
		ADDQ(Imm(63), p)
		ANDQ(I8(-64), p)
		l.scratch = p
	}
	return l
}

func (l *tileLoop) slot(i, j int) Mem {
	return at(l.scratch, ((j-l.kept)*l.rows+i)*4*width)
}

// columns emits transform for every column, those that go to scratch first.
func (l *tileLoop) columns(transform func(j int) []reg.VecVirtual) {
	for j := len(l.mid) - 1; j >= 0; j-- {
		l.mid[j] = transform(j)
		if j >= l.kept {
			for i, v := range l.mid[j] {
				VMOVAPS(v, l.slot(i, j))
			}
		}
	}
}

// row returns row i of the intermediate values.
func (l *tileLoop) row(i int) []reg.VecVirtual {
	r := make([]reg.VecVirtual, len(l.mid))
	for j := range r {
		if j < l.kept {
			r[j] = l.mid[j][i]
			continue
		}
		r[j] = vec()
		VMOVAPS(l.slot(i, j), r[j])
	}
	return r
}

// run emits the loops: body handles one vector of channels of a tile; next moves
// the pointers on to the next tile.
func (l *tileLoop) run(ptrs []reg.GPVirtual, body, next func()) {
	n := arg("n")
	Label("tiles")
	var half reg.GPVirtual
	if !wide {
		half = GP64()
		MOVQ(U32(2), half)
		Label("half")
	}
	body()
	if !wide {
		for _, p := range ptrs {
			ADDQ(Imm(32), p)
		}
		DECQ(half)
		JNZ(LabelRef("half"))
		for _, p := range ptrs {
			SUBQ(Imm(64), p)
		}
	}
	next()
	DECQ(n)
	JNZ(LabelRef("tiles"))
	end()
}

// sixRows addresses rows 0..5 of a tile, stride bytes apart, from two pointers.
type sixRows struct{ p0, p3, stride reg.GPVirtual }

func newSixRows(p, stride reg.GPVirtual) sixRows {
	s := sixRows{p, GP64(), stride}
	LEAQ(ati(p, stride, 2, 0), s.p3)
	ADDQ(stride, s.p3)
	return s
}

func (s sixRows) at(i, disp int) Mem {
	if i < 3 {
		return ati(s.p0, s.stride, i, disp)
	}
	return ati(s.p3, s.stride, i-3, disp)
}

func winograd() {
	for _, masked := range []bool{false, true} {
		winogradInput(masked)
	}
	winogradWeights()
	winogradOutput()
	for _, masked := range []bool{false, true} {
		winogradGradOutput(masked)
	}
}

// maskedName returns the name and parameters of a transform of x.
func maskedName(name, x string, masked bool) (string, string) {
	if masked {
		return name + "Masked", "v *float32, fs int, " + x + ", y *float32, rs, n int"
	}
	return name, "v *float32, fs int, " + x + " *float32, rs, n int"
}

// toFrequencies writes a transform of tiles of size pixels square to 36
// frequencies; step applies its matrix to one column or row.
func toFrequencies(name, src string, masked bool, size, kept int, constants func() func([]reg.VecVirtual) []reg.VecVirtual) {
	name, params := maskedName(name, src, masked)
	fnFrame(name, params, 0, "is "+portable(name)+" for n above 0.")
	l := newTileLoop(6, size, kept)
	x, rs := arg(src), bytes("rs")
	v, fs := arg("v"), bytes("fs")
	ptrs := []reg.GPVirtual{x, v}
	var y reg.GPVirtual
	if masked {
		y = arg("y")
		ptrs = append(ptrs, y)
	}
	step := constants()
	l.run(ptrs, func() {
		in := newSixRows(x, rs)
		var in2 sixRows
		var none reg.VecVirtual
		if masked {
			in2 = newSixRows(y, rs)
			none = vec()
			zero(none)
		}
		l.columns(func(j int) []reg.VecVirtual {
			d := vecs(size)
			for i := range d {
				if masked {
					where(nil, in.at(i, 64*j), in2.at(i, 64*j), none, d[i])
				} else {
					VMOVUPS(in.at(i, 64*j), d[i])
				}
			}
			return step(d)
		})
		storeFrequencies(v, fs, l, step)
	}, func() {
		ADDQ(U32(256), x)
		if masked {
			ADDQ(U32(256), y)
		}
		ADDQ(Imm(64), v)
	})
}

// storeFrequencies applies step to the rows of l and stores the values fs apart
// from v on.
func storeFrequencies(v, fs reg.GPVirtual, l *tileLoop, step func([]reg.VecVirtual) []reg.VecVirtual) {
	o := GP64()
	MOVQ(v, o)
	out := newSixRows(o, fs)
	for i := range 6 {
		for j, r := range step(l.row(i)) {
			VMOVUPS(r, out.at(j, 0))
		}
		if i < 5 {
			LEAQ(ati(out.p3, fs, 2, 0), out.p0)
			ADDQ(fs, out.p0)
			LEAQ(ati(out.p0, fs, 2, 0), out.p3)
			ADDQ(fs, out.p3)
		}
	}
}

func winogradWeights() {
	fnFrame("winogradWeights", "u *float32, fs, us int, w *float32, n int", 0, "is plain.WinogradWeights for n above 0.")
	l := newTileLoop(6, 3, 3)
	u, fs, us, w := arg("u"), bytes("fs"), bytes("us"), arg("w")
	c4, c14, c16, c124 := constant(four), constant(quarter), constant(minusSixth), constant(twentyFourth)
	step := func(g []reg.VecVirtual) []reg.VecVirtual { return weightsStep(g, c4, c14, c16, c124) }
	l.run([]reg.GPVirtual{w, u}, func() {
		l.columns(func(j int) []reg.VecVirtual {
			g := vecs(3)
			for i := range g {
				VMOVUPS(at(w, 64*(3*i+j)), g[i])
			}
			return step(g)
		})
		storeFrequencies(u, fs, l, step)
	}, func() {
		ADDQ(U32(9*64), w)
		ADDQ(us, u)
	})
}

// weightsStep applies G to 3 values, which it keeps.
func weightsStep(g []reg.VecVirtual, c4, quarter, minusSixth, twentyFourth reg.VecVirtual) []reg.VecVirtual {
	v, h := vecs(5), vec()
	VMULPS(quarter, g[0], v[0])
	VADDPS(g[2], g[0], v[2]) // a = g0 + g2
	VADDPS(g[1], v[2], v[1]) // a + g1
	VSUBPS(g[1], v[2], v[2]) // a - g1
	VMULPS(minusSixth, v[1], v[1])
	VMULPS(minusSixth, v[2], v[2])
	VMOVAPS(g[2], v[4])
	VFMADD213PS(g[0], c4, v[4]) // b = 4 g2 + g0
	VADDPS(g[1], g[1], h)       // 2 g1
	VADDPS(h, v[4], v[3])       // b + 2 g1
	VSUBPS(h, v[4], v[4])       // b - 2 g1
	VMULPS(twentyFourth, v[3], v[3])
	VMULPS(twentyFourth, v[4], v[4])
	return append(v, g[2])
}

func winogradInput(masked bool) {
	toFrequencies("winogradInput", "x", masked, 6, 4, func() func([]reg.VecVirtual) []reg.VecVirtual {
		c4, c5 := constant(four), constant(five)
		return func(d []reg.VecVirtual) []reg.VecVirtual { return inputStep(d, c4, c5) }
	})
}

// inputStep applies Bᵀ to 6 values, in place but for one register.
func inputStep(d []reg.VecVirtual, c4, c5 reg.VecVirtual) []reg.VecVirtual {
	g := vec()
	VFMADD213PS(d[4], c4, d[0])  // 4 d0 + d4
	VFNMADD231PS(d[2], c5, d[0]) // - 5 d2
	VFMADD231PS(d[1], c4, d[5])  // 4 d1 + d5
	VFNMADD231PS(d[3], c5, d[5]) // - 5 d3
	VSUBPS(d[2], d[4], g)        // g = d4 - d2
	VFNMADD231PS(d[2], c4, d[4]) // e = d4 - 4 d2
	VSUBPS(d[1], d[3], d[2])     // h/2 = d3 - d1
	VFNMADD231PS(d[1], c4, d[3]) // f = d3 - 4 d1
	VADDPS(d[3], d[4], d[1])     // e + f
	VSUBPS(d[3], d[4], d[3])     // e - f
	VADDPS(d[2], d[2], d[4])     // h
	VADDPS(d[4], g, d[2])        // g + h
	VSUBPS(d[4], g, g)           // g - h
	return []reg.VecVirtual{d[0], d[1], d[3], d[2], g, d[5]}
}

func winogradGradOutput(masked bool) {
	toFrequencies("winogradGradOutput", "dy", masked, 4, 4, func() func([]reg.VecVirtual) []reg.VecVirtual {
		c4 := constant(four)
		return func(d []reg.VecVirtual) []reg.VecVirtual { return gradOutputStep(d, c4) }
	})
}

// gradOutputStep applies A to 4 values.
func gradOutputStep(d []reg.VecVirtual, c4 reg.VecVirtual) []reg.VecVirtual {
	e, f, v1 := vec(), vec(), vec()
	VADDPS(d[2], d[0], e)
	VADDPS(d[3], d[1], f)
	VADDPS(f, e, v1)
	VSUBPS(f, e, e)             // e - f
	VFMADD213PS(d[0], c4, d[2]) // g = 4 d2 + d0
	VFMADD231PS(d[3], c4, d[1]) // h/2 = d1 + 4 d3
	VADDPS(d[1], d[1], d[1])    // h
	VADDPS(d[1], d[2], f)       // g + h
	VSUBPS(d[1], d[2], d[2])    // g - h
	return []reg.VecVirtual{d[0], v1, e, f, d[2], d[3]}
}

func winogradOutput() {
	fnFrame("winogradOutput", "dst *float32, rs int, m *float32, ms, n int, bias *[16]float32, mode int", 0,
		"is plain.WinogradOutput for n above 0.")
	l := newTileLoop(4, 6, 6)
	dst, rs, m, ms, bias, mode := arg("dst"), bytes("rs"), arg("m"), bytes("ms"), arg("bias"), arg("mode")
	c2, c4, c8 := constant(two), constant(four), constant(eight)
	Comment("The results are clamped at 0 with StoreReLU, at -Inf otherwise.")
	floor := constant(least)
	CMPQ(mode, Imm(1))
	JNE(LabelRef("floored"))
	zero(floor)
	Label("floored")
	l.run([]reg.GPVirtual{dst, m, bias}, func() {
		l.columns(func(j int) []reg.VecVirtual {
			d := vecs(6)
			for i := range d {
				VMOVUPS(at(m, 64*(6*i+j)), d[i])
			}
			return outputStep(d, c2, c4, c8)
		})
		o := GP64()
		MOVQ(dst, o)
		for i := range 4 {
			out := outputStep(l.row(i), c2, c4, c8)
			for _, v := range out {
				VADDPS(at(bias, 0), v, v)
				VMAXPS(v, floor, v)
			}
			plain := "store" + string(rune('0'+i))
			CMPQ(mode, Imm(2))
			JNE(LabelRef(plain))
			for j, v := range out {
				VADDPS(at(o, 64*j), v, v)
			}
			Label(plain)
			for j, v := range out {
				VMOVUPS(v, at(o, 64*j))
			}
			if i < 3 {
				ADDQ(rs, o)
			}
		}
	}, func() {
		ADDQ(U32(256), dst)
		ADDQ(ms, m)
	})
}

// outputStep applies Aᵀ to 6 values, in place but for one register.
func outputStep(m []reg.VecVirtual, c2, c4, c8 reg.VecVirtual) []reg.VecVirtual {
	a := vec()
	VADDPS(m[2], m[1], a)       // a = m1 + m2
	VSUBPS(m[2], m[1], m[1])    // b = m1 - m2
	VADDPS(m[4], m[3], m[2])    // c = m3 + m4
	VSUBPS(m[4], m[3], m[3])    // d = m3 - m4
	VADDPS(a, m[0], m[0])       // m0 + a
	VADDPS(m[2], m[0], m[0])    // + c
	VADDPS(m[1], m[5], m[5])    // m5 + b
	VFMADD231PS(m[3], c8, m[5]) // + 8 d
	VFMADD231PS(m[3], c2, m[1]) // b + 2 d
	VFMADD231PS(m[2], c4, a)    // a + 4 c
	return []reg.VecVirtual{m[0], m[1], a, m[5]}
}
