// Command flicker measures how still a style stays when the picture moves, on
// pictures or on the frames of a video, and compares two styles:
//
//	flicker -model final.pth -in photo.jpg
//	flicker -model old.pth -with new.pth -in movie.mp4 -video compare.mp4 -json flicker.json
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/flicker"
)

func main() { cli.Main(flicker.Run) }
