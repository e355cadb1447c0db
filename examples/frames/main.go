// Command frames splits a gameplay video into numbered PNG pictures, as a class
// folder of a training dataset, with the ffmpeg program.
//
//	frames -in movie.mp4 -out dataset/video_frames -every 10
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/frames"
)

func main() { cli.Main(frames.Run) }
