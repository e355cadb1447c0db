package work

import (
	"errors"
	"slices"
	"sync"
)

// Copy returns the case "copy": values floats copied by threads goroutines, each
// its part, which is what the memory can do.
func Copy(values, threads int) Case {
	src, dst := make([]float32, values), make([]float32, values)
	for i := range src {
		src[i] = float32(i % 251)
	}
	part := (values + threads - 1) / threads
	run := func() {
		var wg sync.WaitGroup
		for from := 0; from < values; from += part {
			to := min(from+part, values)
			wg.Go(func() { copy(dst[from:to], src[from:to]) })
		}
		wg.Wait()
	}
	return Case{Name: "copy", Run: run, Bytes: 8 * float64(values), Check: func() error {
		run()
		if !slices.Equal(dst, src) {
			return errors.New("copy: the copy differs")
		}
		return nil
	}}
}
