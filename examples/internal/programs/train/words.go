package train

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/progress"
	"github.com/impasto-go/impasto/internal/printable"
)

// columns is the width of the lines that say what a run is and how it ended, indent that
// of what comes before the facts.
const (
	columns = 80
	indent  = 12
)

// introduce says what is trained on what, and where it goes.
func (s *screen) introduce(j *job) {
	pictures, style, judge := "drawn", "drawn", near(j.VGG)
	if len(j.Dataset) > 0 {
		var places []string
		for _, d := range j.Dataset {
			places = append(places, near(d))
		}
		pictures = strings.Join(places, ", ")
	}
	if j.Style != "" {
		style = near(j.Style)
	}
	if j.VGG == inputs.RandomVGG {
		judge = "VGG-19 with random filters, which know textures only"
	}
	network := j.net.Arch().String()
	if j.Init != "" {
		network += ", from " + near(j.Init)
	}
	s.log(fmt.Sprintf("Training for %s of %s of %dx%[3]d:", cli.Count(j.cfg.TotalSteps(j.data.Len()), "step", "steps"),
		cli.Count(j.BatchSize, "picture", "pictures"), j.ImageSize))
	s.fact("pictures", fmt.Sprintf("%d, %s", j.data.Len(), pictures))
	s.fact("style", fmt.Sprintf("%dx%d, %s", j.watch.style.W, j.watch.style.H, style))
	s.fact("judge", judge)
	s.fact("network", network)
	s.fact("device", j.be.Name())
	s.fact("folder", j.out)
}

// fact prints a line of the introduction, or several.
func (s *screen) fact(name string, lines ...string) {
	for _, line := range lines {
		s.log(fmt.Sprintf("  %-*s%s", indent-2, name, line))
		name = ""
	}
}

// near returns a path from the working directory if it is below that.
func near(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(here, path); err == nil && filepath.IsAbs(path) && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// explain says how the run ended and what to do with it, in five lines at most that
// have no need to break, unless names are long.
func (j *job) explain(took time.Duration) {
	losses := progress.Losses(j.watch.terms())
	for _, text := range []string{
		fmt.Sprintf("Finished after %s and %s: %s", cli.Count(j.watch.steps, "step", "steps"), progress.Duration(took), strings.Join(losses, ", ")),
		fmt.Sprintf("See final.png in %s; the style is final.pth and final.onnx.", printable.Text(j.out)),
	} {
		fmt.Println(strings.Join(cli.Wrap(text, columns), "\n"))
	}
	fmt.Println(toType("stylize", "-model "+j.file("final.pth"), "-in PICTURE -out STYLED.png"))
}

// stopped says how to go on.
func (j *job) stopped() {
	fmt.Printf("Stopped after %s; continue with:\n", cli.Count(j.watch.steps, "step", "steps"))
	fmt.Println(toType("train", "-resume "+j.out))
}

// toType writes a command to type, in lines of so many columns.
func toType(program string, args ...string) string {
	line := "  " + cli.Command(program)
	length := len(line)
	for _, a := range args {
		if a = printable.Text(a); length+len(a) > columns-len("  \\") {
			line, length = line+" \\\n   ", 4
		}
		line += " " + a
		length += 1 + len(a)
	}
	return line
}
