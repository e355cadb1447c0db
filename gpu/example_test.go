package gpu_test

import (
	"errors"
	"fmt"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/tensor"
)

// Where there is a device, it takes the place of the CPU.
func Example() {
	be := tensor.CPU()
	if dev, err := gpu.Open(); err == nil {
		be = dev
	} else if !errors.Is(err, gpu.ErrUnavailable) {
		panic(err)
	}
	defer be.Close()

	tape := tensor.NewTape(be)
	x := tensor.FromSlice(be, tensor.Vec(3), []float32{-1, 0.5, 2})
	fmt.Println(tape.ReLU(x).Values())
	// Output: [0 0.5 2]
}
