//go:build noasm || (!amd64 && !arm64)

package f32

// The functions of this file stand for kernels where there is no assembly.

// available reports whether the kernels of t run here.
func available(t isa) bool { return t == portable }

func adam(w, m, v, g []float32, beta1, beta2, eps, stepSize, invSqrtCorr2 float32) {
	adamGeneric(w, m, v, g, beta1, beta2, eps, stepSize, invSqrtCorr2)
}

func add(dst, a, b []float32) {
	addGeneric(dst, a, b)
}

func axpy(dst, x []float32, alpha float32, add bool) {
	axpyGeneric(dst, x, alpha, add)
}

func relu(dst, x []float32) {
	reluGeneric(dst, x)
}

func reluGrad(dx, dy, y []float32, add bool) {
	reluGradGeneric(dx, dy, y, add)
}

func fill(dst []float32, v float32) {
	fillGeneric(dst, v)
}

func mul(dst, a, b []float32, add bool) {
	mulGeneric(dst, a, b, add)
}

func subScale(dst, a, b []float32, c float32, add bool) {
	subScaleGeneric(dst, a, b, c, add)
}

func gemm(out []float32, ts, os int, a []float32, at int, offs []int32, u []float32, cols int) {
	gemmGeneric(Rows(), out, ts, os, a, at, offs, u, cols)
}

func gemmTN(out []float32, os int, a []float32, lda int, b []float32, ldb, bs int, n int, cols int) {
	gemmTNGeneric(out, os, a, lda, b, ldb, bs, n, cols)
}

func toBlocked(dst, x []float32, plane, n, c int) {
	toBlockedGeneric(dst, x, plane, n, c)
}

func fromBlocked(dst []float32, plane int, x []float32, n, c int) {
	fromBlockedGeneric(dst, plane, x, n, c)
}

func interleave2(dst, a, b []float32) {
	interleave2Generic(dst, a, b)
}

func deinterleave2(a, b, x []float32) {
	deinterleave2Generic(a, b, x)
}

func scaleShift(dst, x []float32, scale, shift *[Lanes]float32, relu bool) {
	scaleShiftGeneric(dst, x, scale, shift, relu)
}

func scaleShiftAdd(dst, x, r []float32, scale, shift *[Lanes]float32, alpha float32, relu bool) {
	scaleShiftAddGeneric(dst, x, r, scale, shift, alpha, relu)
}

func normGradSums(sdy, sdyx *[Lanes]float64, dy, x []float32, mean *[Lanes]float32) {
	normGradSumsGeneric(sdy, sdyx, dy, x, mean)
}

func normGradSumsReLU(sdy, sdyx *[Lanes]float64, dy, x []float32, scale, shift, mean *[Lanes]float32) {
	normGradSumsReLUGeneric(sdy, sdyx, dy, x, scale, shift, mean)
}

func normGradApply(dx, dy, x []float32, a, b, c *[Lanes]float32, add bool) {
	normGradApplyGeneric(dx, dy, x, a, b, c, add)
}

func normGradApplyReLU(dx, dy, x []float32, scale, shift, a, b, c *[Lanes]float32, add bool) {
	normGradApplyReLUGeneric(dx, dy, x, scale, shift, a, b, c, add)
}

func maxPool16(dst, x0, x1 []float32, n int) {
	maxPool16Generic(dst, x0, x1, n)
}

func maxPoolGrad16(dx0, dx1, dy, x0, x1 []float32, n int, add bool) {
	maxPoolGrad16Generic(dx0, dx1, dy, x0, x1, n, add)
}

func sum16(sum *[Lanes]float64, x []float32) {
	sum16Generic(sum, x)
}

func sqDev16(sum *[Lanes]float64, x []float32, mean *[Lanes]float32) {
	sqDev16Generic(sum, x, mean)
}

func sumSqDiff(sum *[Lanes]float64, a, b []float32) {
	sumSqDiffGeneric(sum, a, b)
}

func dot(sum *[Lanes]float64, a, b []float32) {
	dotGeneric(sum, a, b)
}

func taps(dst []float32, ds int, x []float32, offs []int32, w []float32, oc int, bias *[8]float32, n int) {
	tapsGeneric(dst, ds, x, offs, w, oc, bias, n)
}

func tapsGrad(dw []float32, oc int, dy []float32, ds, dyRow int, x []float32, offs []int32, xRow int, rows, n int) {
	tapsGradGeneric(dw, oc, dy, ds, dyRow, x, offs, xRow, rows, n)
}

func winogradInput(v []float32, fs int, x []float32, rs int, n int) {
	winogradInputGeneric(v, fs, x, rs, n)
}

func winogradInputMasked(v []float32, fs int, x, y []float32, rs int, n int) {
	winogradInputMaskedGeneric(v, fs, x, y, rs, n)
}

func winogradWeights(u []float32, fs, us int, w []float32, n int) {
	winogradWeightsGeneric(u, fs, us, w, n)
}

func winogradOutput(dst []float32, rs int, m []float32, ms int, n int, bias *[Lanes]float32, mode Mode) {
	winogradOutputGeneric(dst, rs, m, ms, n, bias, mode)
}

func winogradGradOutput(v []float32, fs int, dy []float32, rs int, n int) {
	winogradGradOutputGeneric(v, fs, dy, rs, n)
}

func winogradGradOutputMasked(v []float32, fs int, dy, y []float32, rs int, n int) {
	winogradGradOutputMaskedGeneric(v, fs, dy, y, rs, n)
}

func nestedInput(v []float32, vs int, x []float32, xs, n int) {
	nestedInputGeneric(v, vs, x, xs, n)
}

func nestedOutput(y []float32, ys int, m []float32, ms, n int) {
	nestedOutputGeneric(y, ys, m, ms, n)
}

func splitPairs(dst, x []float32, n int) {
	splitPairsGeneric(dst, x, n)
}

func joinPairs(dst, x []float32, n int) {
	joinPairsGeneric(dst, x, n)
}

func upsample16(dst, x []float32, n int) {
	upsample16Generic(dst, x, n)
}

func upsampleGrad16(dx, dy0, dy1 []float32, n int, add bool) {
	upsampleGrad16Generic(dx, dy0, dy1, n, add)
}

func stream(dst, src []float32) { streamGeneric(dst, src) }

func streamed() {}

func peak(rounds int) int {
	return peakGeneric(rounds)
}
