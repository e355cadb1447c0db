package stylize_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
)

// A weights file and a picture go in, a stylised picture of the same size comes
// out. (The weights here are an untrained network's.)
func Example() {
	dir, err := os.MkdirTemp("", "stylize")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	net := nn.NewTransformerNet(tensor.CPU(), [3]int{4, 8, 16}, 2, 1)
	if err := weights.WriteFile(filepath.Join(dir, "final.pth"), net.StateDict()); err != nil {
		log.Fatal(err)
	}

	model, err := stylize.Load(filepath.Join(dir, "final.pth"))
	if err != nil {
		log.Fatal(err)
	}
	session := model.NewSession()
	defer session.Close()
	session.Strength = 0.8

	picture := imageio.New(123, 45)
	styled, err := session.Image(picture)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(styled.W, styled.H, model.Arch())
	// Output: 123 45 tutorial, filters 4,8,16, 2 residual blocks
}

// A frame loop reuses one session and its own buffers.
func ExampleSession_StylizeRGBA() {
	net := nn.NewTransformerNet(tensor.CPU(), [3]int{4, 8, 16}, 1, 1)
	model, err := stylize.New(net.StateDict())
	if err != nil {
		log.Fatal(err)
	}
	session := model.NewSession(stylize.Threads(1))
	defer session.Close()

	const width, height, stride = 64, 36, 4 * 64
	frame := make([]byte, stride*height) // the game draws into this
	for range 3 {
		if err := session.StylizeRGBA(frame, frame, width, height, stride); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(len(frame))
	// Output: 9216
}
