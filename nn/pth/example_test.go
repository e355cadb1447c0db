package pth_test

import (
	"fmt"
	"strings"

	"github.com/impasto-go/impasto/nn/pth"
)

// Read the weights of the first layer only; the others stay on disk.
func ExampleWithFilter() {
	d, err := pth.ReadFile("testdata/legacy.pth", pth.WithFilter(func(name string) bool {
		return strings.HasPrefix(name, "0.")
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range d {
		fmt.Println(e.Name, e.Shape)
	}
	// Output:
	// 0.weight [3 2 3 3]
	// 0.bias [3]
}
