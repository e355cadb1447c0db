package imageio_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/nn/imageio"
)

// A picture becomes a tensor, goes through a network and becomes a file.
func Example() {
	dir, err := os.MkdirTemp("", "imageio")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	picture, err := imageio.Load("testdata/pictures/rgb8.png", imageio.Options{})
	if err != nil {
		panic(err)
	}
	picture = imageio.Resize(picture, 16, 16, imageio.Lanczos)
	tensor := make([]float32, 3*picture.H*picture.W) // shape 3,H,W
	imageio.ToFloats(tensor, picture)

	var out imageio.Image
	if err := imageio.FromFloats(&out, tensor, picture.W, picture.H, imageio.Truncate); err != nil {
		panic(err)
	}
	if err := imageio.Save(filepath.Join(dir, "out.png"), &out, imageio.SaveOptions{}); err != nil {
		panic(err)
	}
	fmt.Println(out.W, out.H)
	// Output: 16 16
}
