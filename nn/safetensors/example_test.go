package safetensors_test

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
)

// A change of a weight does not go unnoticed.
func Example() {
	var file bytes.Buffer
	d := statedict.Dict{{Name: "conv1.bias", Shape: []int{2}, Data: []float32{0.5, -1}}}
	if err := safetensors.Write(&file, d, map[string]string{"style": "stained glass"}); err != nil {
		fmt.Println(err)
	}

	d, metadata, err := safetensors.Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
	fmt.Println(d[0].Name, d[0].Data, metadata["style"], err)

	file.Bytes()[file.Len()-1] ^= 1
	_, _, err = safetensors.Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
	fmt.Println(errors.Is(err, safetensors.ErrCorrupt))
	// Output:
	// conv1.bias [0.5 -1] stained glass <nil>
	// true
}
