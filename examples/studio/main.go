// Command studio serves an application for the browser on this computer: it shows and
// compares runs, tries styles, starts trainings and makes cards of styles to share.
//
//	studio runs
package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/studio"
)

func main() { cli.Main(studio.Run) }
