// Command ebitengine shows a small Ebitengine scene in a trained style, live.
//
//	go run . -model final.pth
//
// Space switches the style off and on, up and down change its strength. The
// network runs beside the game: drawing never waits for it, and the newest styled
// frame stays until the next.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/hajimehoshi/ebiten/v2"

	"github.com/impasto-go/impasto/nn/stylize"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ebitengine:", err)
		os.Exit(1)
	}
}

func run() error {
	path := flag.String("model", "", "the weights `file`: .pth or .safetensors")
	width := flag.Int("width", 320, "`pixels` of the styled frame; the window is larger")
	height := flag.Int("height", 180, "`pixels` of the styled frame")
	shot := flag.String("shot", "", "save the 3rd styled frame to this PNG `file` and quit")
	flag.Parse()
	switch {
	case *path == "":
		return errors.New("-model is missing: name a .pth or .safetensors file")
	case *width < 1 || *height < 1 || *width > 4096 || *height > 4096:
		return fmt.Errorf("-width %d -height %d: want 1 to 4096", *width, *height)
	}
	model, err := stylize.Load(*path)
	if err != nil {
		return err
	}
	session := model.NewSession()
	defer session.Close()
	g := newGame(session, *width, *height, *shot)
	defer g.latest.Close() // before the session
	ebiten.SetWindowSize(3**width, 3**height)
	ebiten.SetWindowTitle("impasto")
	return ebiten.RunGame(g)
}
