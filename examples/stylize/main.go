// Command stylize applies a trained style to a picture, to all pictures of a
// folder, or to a video.
//
//	stylize -model final.pth -in photo.jpg -out styled.png
//	stylize -model final.pth -in photos -out styled -keep-color
//	stylize -model final.onnx -in movie.mp4 -out styled.mp4
//
// Pictures keep their transparency and are turned upright as their EXIF tags say.
// Color profiles are ignored, colors being taken for sRGB, and not copied.
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/stylize"
)

func main() { cli.Main(stylize.Run) }
