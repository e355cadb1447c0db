package vgg_test

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/vgg"
)

// Features of a picture at two depths. With weights from a file, Random becomes
// LoadFile.
func Example() {
	be := tensor.CPU()
	defer be.Close()
	v := vgg.Random(be, 1, vgg.Relu22)

	picture := tensor.New(be, tensor.Shape{1, 3, 16, 24})
	be.Fill(picture.Buffer(), 128)
	tp := tensor.NewTape(be)
	for _, f := range v.Features(nil, tp, v.Normalize(tp, picture), []vgg.Layer{vgg.Relu12, vgg.Relu22}) {
		fmt.Println(f.Shape())
	}
	// Output:
	// 1×64×16×24
	// 1×128×8×12
}

// The tutorial's name of a layer and its true one.
func ExampleParseLayer() {
	l, err := vgg.ParseLayer("relu3_3")
	fmt.Println(l, l.Name(), err)
	// Output: relu3_4 relu3_3 <nil>
}
