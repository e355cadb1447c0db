package sweep

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// stylePicture is a style to try.
type stylePicture struct {
	name, path string // both empty for a drawn one
	picture    *imageio.Image
}

// listUsage describes -style.
const listUsage = "style picture `file`, a folder of them, or a .txt file that names one in each line; may be given several times"

// listStyles finds the pictures that the values of -style name, in their order.
func listStyles(values []string) (styles []stylePicture, err error) {
	for _, value := range values {
		paths, err := picturesOf(value)
		if err != nil {
			return nil, cli.Usagef("-style: %v", err)
		}
		if len(paths) == 0 {
			return nil, cli.Usagef("-style %s: it holds no pictures", value)
		}
		for _, path := range paths {
			name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			if i := slices.IndexFunc(styles, func(s stylePicture) bool { return s.name == name }); i >= 0 {
				return nil, cli.Usagef("-style: %s and %s would have the same name in -out", styles[i].path, path)
			}
			styles = append(styles, stylePicture{name: name, path: path})
		}
	}
	if styles == nil {
		styles = []stylePicture{{}}
	}
	return styles, nil
}

// picturesOf returns the pictures that a value of -style stands for.
func picturesOf(value string) (paths []string, err error) {
	if strings.EqualFold(filepath.Ext(value), ".txt") {
		text, err := os.ReadFile(value)
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if !filepath.IsAbs(line) {
				line = filepath.Join(filepath.Dir(value), line)
			}
			paths = append(paths, line)
		}
		return paths, err
	}
	info, err := os.Stat(value)
	if err != nil || !info.IsDir() {
		return []string{value}, nil // whoever opens it says what is wrong
	}
	entries, err := os.ReadDir(value) // sorted by name
	for _, e := range entries {
		if !e.IsDir() && slices.Contains(dataset.Extensions, strings.ToLower(filepath.Ext(e.Name()))) {
			paths = append(paths, filepath.Join(value, e.Name()))
		}
	}
	return paths, err
}

// loadStyles decodes the pictures of all styles but a drawn one, which is given.
func (o *options) loadStyles(drawn *imageio.Image) (err error) {
	for i := range o.styles {
		s := &o.styles[i]
		if s.path == "" {
			s.picture = drawn
			continue
		}
		if s.picture, err = imageio.Load(s.path, imageio.Options{MaxMemory: int64(o.pictureMemory) << 20}); err != nil {
			return fmt.Errorf("-style: %w", err)
		}
	}
	return nil
}
