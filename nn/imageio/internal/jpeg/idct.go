package jpeg

// inverse dequantizes a block and writes its samples: the accurate integer inverse
// DCT of libjpeg (jidctint.c), after Loeffler, Ligtenberg and Moschytz (Practical
// fast 1-D DCT algorithms with 11 multiplications, 1989). q is in zigzag order.
func inverse(dst []uint8, stride int, b *[64]int16, q *[64]uint16) {
	var in, ws [64]int32
	for i, at := range zigzag {
		in[at] = int32(b[at]) * int32(q[i])
	}
	const pass1 = 2 // extra bits between the passes
	for x := range 8 {
		c := in[x:]
		if c[8]|c[16]|c[24]|c[32]|c[40]|c[48]|c[56] == 0 {
			dc := c[0] << pass1
			for y := range 8 {
				ws[8*y+x] = dc
			}
			continue
		}
		o := inverse8(c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56], 13-pass1)
		for y, v := range o {
			ws[8*y+x] = v
		}
	}
	for y := range 8 {
		r := ws[8*y : 8*y+8]
		o := inverse8(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], 13+pass1+3)
		d := dst[y*stride : y*stride+8]
		for x, v := range o {
			v += 128
			if uint32(v) > 255 {
				v = ^v >> 31 & 255 // 0 below, 255 above
			}
			d[x] = uint8(v)
		}
	}
}

// inverse8 transforms eight numbers and divides the result by 1<<shift, rounding.
func inverse8(c0, c1, c2, c3, c4, c5, c6, c7 int32, shift uint) [8]int32 {
	z1 := (c2 + c6) * 4433 // 0.541196100
	t2, t3 := z1-c6*15137, z1+c2*6270
	t0, t1 := (c0+c4)<<13, (c0-c4)<<13
	e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2

	y1, y2, y3, y4 := c7+c1, c5+c3, c7+c3, c5+c1
	y5 := (y3 + y4) * 9633
	o0, o1, o2, o3 := c7*2446, c5*16819, c3*25172, c1*12299
	y1, y2 = -y1*7373, -y2*20995
	y3, y4 = y5-y3*16069, y5-y4*3196
	o0, o1, o2, o3 = o0+y1+y3, o1+y2+y4, o2+y2+y3, o3+y1+y4

	half := int32(1) << (shift - 1)
	return [8]int32{
		(e0 + o3 + half) >> shift, (e1 + o2 + half) >> shift, (e2 + o1 + half) >> shift, (e3 + o0 + half) >> shift,
		(e3 - o0 + half) >> shift, (e2 - o1 + half) >> shift, (e1 - o2 + half) >> shift, (e0 - o3 + half) >> shift,
	}
}
