package cpu

// summand is a sum that is split into parts.
type summand interface {
	// sum returns part i.
	sum(i int) float64
}

// sumTask adds up the parts of a summand.
type sumTask struct {
	summand
	sums []float64
}

func (t *sumTask) do(i, _ int) { t.sums[i] = t.sum(i) }

// sum returns the sum of all parts of s, added in their order.
func (b *Backend) sum(parts int, s summand) float64 {
	t := own[sumTask](b)
	*t = sumTask{s, b.shared.doubles(parts)}
	b.run(parts, t)
	var sum float64
	for _, s := range t.sums {
		sum += s
	}
	return sum
}

// setMean sets the scalar dst to weight times the mean of n values.
func setMean(dst *buffer, sum float64, weight float32, n int) {
	dst.inLayout(false).data[0] = float32(float64(weight) * sum / float64(n))
}
