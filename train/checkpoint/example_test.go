package checkpoint_test

import (
	"fmt"
	"os"

	"github.com/impasto-go/impasto/train/checkpoint"
)

// A run saves its state now and then, and continues from the newest.
func Example() {
	folder, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	dir, err := checkpoint.Open(folder, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dir.Close()
	for _, step := range []int{500, 1000} {
		progress := checkpoint.Progress{Step: step, LearningRate: 1e-3}
		if err := dir.Save(&checkpoint.State{Progress: progress}); err != nil {
			fmt.Println(err)
		}
	}
	s, warnings, err := dir.Load()
	fmt.Println(s.Step, warnings, err)
	// Output: 1000 [] <nil>
}
