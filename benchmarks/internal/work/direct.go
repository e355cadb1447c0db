package work

import "math"

func relu(x host, n, c, i, j int) float64 { return max(x.at(n, c, i, j), 0) }

func reluGrad(x, dy host, n, c, i, j int) float64 {
	if x.at(n, c, i, j) > 0 {
		return dy.at(n, c, i, j)
	}
	return 0
}

// mirror returns the pixel that pixel i of a row of n, padded by one, shows.
func mirror(i, n int) int {
	switch i {
	case 0:
		return 1
	case n + 1:
		return n - 2
	}
	return i - 1
}

func reflectPad(x host, n, c, i, j int) float64 {
	return x.at(n, c, mirror(i, x.s[2]), mirror(j, x.s[3]))
}

func reflectPadGrad(x, dy host, n, c, i, j int) (sum float64) {
	for p := range dy.s[2] {
		for q := range dy.s[3] {
			if mirror(p, x.s[2]) == i && mirror(q, x.s[3]) == j {
				sum += dy.at(n, c, p, q)
			}
		}
	}
	return sum
}

func upsample(x host, n, c, i, j int) float64 { return x.at(n, c, i/2, j/2) }

func upsampleGrad(_, dy host, n, c, i, j int) float64 {
	return dy.at(n, c, 2*i, 2*j) + dy.at(n, c, 2*i, 2*j+1) + dy.at(n, c, 2*i+1, 2*j) + dy.at(n, c, 2*i+1, 2*j+1)
}

func maxPool(x host, n, c, i, j int) float64 {
	return max(x.at(n, c, 2*i, 2*j), x.at(n, c, 2*i, 2*j+1), x.at(n, c, 2*i+1, 2*j), x.at(n, c, 2*i+1, 2*j+1))
}

// maxPoolGrad takes it that no two values of a window are equal, as is all but
// certain with random ones.
func maxPoolGrad(x, dy host, n, c, i, j int) float64 {
	if x.at(n, c, i, j) == maxPool(x, n, c, i/2, j/2) {
		return dy.at(n, c, i/2, j/2)
	}
	return 0
}

// moments returns the mean of a plane and the reciprocal of its standard
// deviation.
func moments(x host, n, c int, eps float64) (mean, rstd float64) {
	var sum, squares float64
	for i := range x.s[2] {
		for j := range x.s[3] {
			v := x.at(n, c, i, j)
			sum += v
			squares += v * v
		}
	}
	pixels := float64(x.s[2] * x.s[3])
	mean = sum / pixels
	return mean, 1 / math.Sqrt(squares/pixels-mean*mean+eps)
}
