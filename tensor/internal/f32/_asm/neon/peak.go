package main

// peak writes a loop of 24 independent multiply-adds, as many as gemm has sums.
func peak() {
	fn("peak", "n int", 0, "runs n rounds of 24 independent vector multiply-adds, to measure the peak rate.")
	n, acc, x := arg("n"), newVecs(24), newVecs(1)
	zero(acc...)
	zero(x...)
	label("round")
	for _, a := range acc {
		mlaLane(a, x[0], x[0], 0)
	}
	down(n, 1, "round")
	ret()
}
