// Package examples_test holds the README to its word.
package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
)

// hello is the README's first program, word for word.
func hello() error {
	model, err := stylize.Load("final.pth")
	if err != nil {
		return err
	}
	photo, err := imageio.Load("photo.png", imageio.Options{})
	if err != nil {
		return err
	}
	session := model.NewSession()
	defer session.Close()
	styled, err := session.Image(photo)
	if err != nil {
		return err
	}
	return imageio.Save("styled.png", styled, imageio.SaveOptions{})
}

func Example() {
	dir, err := os.MkdirTemp("", "hello")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	back, err := os.Getwd()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Chdir(back)
	if err := os.Chdir(dir); err != nil {
		fmt.Println(err)
		return
	}
	cpu := tensor.CPU()
	defer cpu.Close()
	untrained := nn.NewTransformerNet(cpu, [3]int{4, 8, 8}, 1, 1)
	fmt.Println(weights.WriteFile("final.pth", untrained.StateDict()))
	fmt.Println(imageio.Save("photo.png", paint.Scene(1, 50, 30), imageio.SaveOptions{}))

	fmt.Println(hello())
	styled, err := imageio.Load("styled.png", imageio.Options{})
	fmt.Println(styled.W, styled.H, err)
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// 50 30 <nil>
}

// TestHello compares the README's program with the one that is compiled here.
func TestHello(t *testing.T) {
	source, err := os.ReadFile("readme_test.go")
	require.NoError(t, err)
	_, body, _ := strings.Cut(string(source), "func hello() error {\n")
	body, _, _ = strings.Cut(body, "\n}\n")
	body = strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:]
	require.Contains(t, readme(t), "```go\n"+body+"\n```")
}

// TestPaths wants every file that the README and the pages beside this test link to,
// and every program they run.
func TestPaths(t *testing.T) {
	link := regexp.MustCompile(`(?:\]\(|src=")([^)"#]+)`)
	program := regexp.MustCompile(`go run (?:-tags gl )?(\./[a-z/]+)`)
	for _, page := range []string{"../README.md", "README.md", "from-pytorch.md"} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(m[1], "://") {
				require.FileExists(t, existing(filepath.Join(filepath.Dir(page), m[1])), "a link of %s", page)
			}
		}
		for _, m := range program.FindAllStringSubmatch(string(text), -1) {
			require.DirExists(t, filepath.Join("..", m[1]), "a command of %s", page)
		}
	}
}

// existing returns a file in path if that is a folder.
func existing(path string) string {
	if files, _ := filepath.Glob(filepath.Join(path, "*.go")); len(files) > 0 {
		return files[0]
	}
	return path
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	return string(text)
}
