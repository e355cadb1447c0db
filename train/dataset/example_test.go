package dataset_test

import (
	"context"
	"fmt"
	"io"

	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// Pictures drawn by the program are a dataset, too; dataset.Open would read a
// folder or a zip archive instead.
func Example() {
	var drawn dataset.Images
	for i := range 5 {
		m := imageio.New(40, 30)
		for j := range m.Pix {
			m.Pix[j] = uint8(10 * i)
		}
		drawn = append(drawn, m)
	}
	loader, err := dataset.NewLoader(drawn, dataset.Options{BatchSize: 2, ImageSize: 16, Epochs: 1})
	if err != nil {
		panic(err)
	}
	defer loader.Close()
	for {
		batch, err := loader.Next(context.Background())
		if err == io.EOF {
			break
		} else if err != nil {
			panic(err)
		}
		fmt.Println(batch.Epoch, batch.Index, batch.Indices, len(batch.Data), batch.Data[0])
	}
	// Output:
	// 0 0 [0 1] 1536 0
	// 0 1 [2 3] 1536 20
	// 0 2 [4] 768 40
}

// Two photographs for each frame of a film, in every batch, whatever there are of
// each.
func ExampleNewMix() {
	photographs, frames := make(dataset.Images, 4), make(dataset.Images, 5)
	mix, err := dataset.NewMix(dataset.Share{Source: photographs, Weight: 2}, dataset.Share{Source: dataset.Mirrored(frames), Weight: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println(mix.Len(), mix.Order(1, 0, false)) // frames have the numbers from 4
	// Output: 14 [0 4 1 2 5 3 0 6 1 2 7 3 0 8]
}
