package stylize_test

import (
	"bytes"
	"fmt"
	"image"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
)

// A weights file and a picture go in, a stylized picture of the same size comes
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

// A game loop hands its frames over and shows the newest result that is there. It
// never waits; here it does, so that the example has something to show.
func ExampleLatest() {
	net := nn.NewTransformerNet(tensor.CPU(), [3]int{4, 8, 16}, 1, 1)
	model, err := stylize.New(net.StateDict())
	if err != nil {
		log.Fatal(err)
	}
	session := model.NewSession(stylize.Threads(1))
	defer session.Close()
	latest := stylize.NewLatest(session)
	defer latest.Close()

	const width, height, stride = 64, 36, 4 * 64
	frame, screen := make([]byte, stride*height), make([]byte, stride*height)
	for shown := 0; shown < 3; {
		// The game draws into frame.
		if err := latest.Submit(frame, width, height, stride); err != nil {
			log.Fatal(err)
		}
		w, h, fresh, err := latest.Fetch(screen)
		if err != nil {
			log.Fatal(err)
		}
		if fresh {
			shown++
			fmt.Println(w, h)
			continue
		}
		time.Sleep(time.Millisecond)
	}
	// Output:
	// 64 36
	// 64 36
	// 64 36
}

// Programs embed weights (//go:embed final.pth) and use the standard library's images.
func ExampleRead() {
	final, err := os.ReadFile("../../internal/golden/testdata/tutorial.pth")
	if err != nil {
		log.Fatal(err)
	}
	model, err := stylize.Read(bytes.NewReader(final))
	if err != nil {
		log.Fatal(err)
	}
	session := model.NewSession()
	defer session.Close()
	styled, err := session.Stylize(image.NewRGBA(image.Rect(0, 0, 40, 30)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(styled.Bounds())
	// Output: (0,0)-(40,30)
}

// A network of one's own, which no file tells, comes with its description.
func ExampleNewWith() {
	thin := &arch.Network{
		Name: "thin", Input: arch.Bytes, Output: arch.Bytes,
		Layers: []arch.Layer{
			{Name: "stem", Conv: "stem", In: 3, Out: 8, Kernel: 5, Stride: 2, Upsample: 1, Norm: "norm", ReLU: true},
			{Name: "head", Conv: "head", In: 8, Out: 3, Kernel: 5, Stride: 1, Upsample: 2},
		},
	}
	net := nn.NewNetwork(tensor.CPU(), thin, 1)
	model, err := stylize.NewWith(thin, net.StateDict())
	if err != nil {
		log.Fatal(err)
	}
	session := model.NewSession()
	defer session.Close()
	styled, err := session.Image(imageio.New(33, 21))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(styled.W, styled.H, model.Arch())
	// Output: 33 21 thin, 2 layers
}
