package reference

import "github.com/impasto-go/impasto/tensor/backend"

// Fill sets every element of dst to v.
func (r *Backend) Fill(dst backend.Buffer, v float32) {
	d := r.buffer("Fill", dst).data
	for i := range d {
		d[i] = float64(v)
	}
}

// Add sets dst = a + b. dst may be a or b.
func (r *Backend) Add(dst, a, b backend.Buffer) {
	d := r.buffer("Add", dst).data
	av, bv := r.source("Add", a, dst.Shape()), r.source("Add", b, dst.Shape())
	for i := range d {
		d[i] = av[i] + bv[i]
	}
}

// Axpy sets dst = alpha*x, or dst += alpha*x with add.
func (r *Backend) Axpy(dst, x backend.Buffer, alpha float32, add bool) {
	d := r.dest("Axpy", dst, x.Shape(), add, x)
	for i, v := range r.source("Axpy", x, x.Shape()) {
		d[i] += float64(alpha) * v
	}
}

// Mul sets dst = a*b element by element, or adds it.
func (r *Backend) Mul(dst, a, b backend.Buffer, add bool) {
	d := r.dest("Mul", dst, a.Shape(), add, a, b)
	av, bv := r.source("Mul", a, a.Shape()), r.source("Mul", b, a.Shape())
	for i := range d {
		d[i] += av[i] * bv[i]
	}
}

// SumSquares sets the scalar dst to the sum of squares of x.
func (r *Backend) SumSquares(dst, x backend.Buffer) {
	d := r.dest("SumSquares", dst, backend.Scalar, false, x)
	for _, v := range r.source("SumSquares", x, x.Shape()) {
		d[0] += v * v
	}
}
