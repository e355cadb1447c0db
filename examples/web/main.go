// Command web serves a page that runs a style with ONNX Runtime, on this machine:
//
//	npm ci --prefix examples/web
//	web -model final.pth
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/loopback"
	"github.com/impasto-go/impasto/examples/internal/model"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
)

func main() { cli.Main(run) }

// settings is the command line.
type settings struct {
	model, in, addr, modules string
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	site, err := s.site(ctx)
	if err != nil {
		return err
	}
	server, err := loopback.Listen(s.addr, site)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	fmt.Printf("%s shows %s; Ctrl-C ends it\n", server.URL(), s.model)
	<-ctx.Done()
	return errors.Join(ctx.Err(), server.Close())
}

// parse reads the command line.
func parse(args []string) (*settings, error) {
	flags := cli.NewFlags("-model FILE [flags]",
		"Serves a page that styles pictures, the webcam and a running game in the browser, with ONNX Runtime\n"+
			"by WebGPU or WebAssembly. `npm ci --prefix examples/web` installs ONNX Runtime before.")
	s := &settings{}
	flags.StringVar(&s.model, "model", "", "the weights `file`: .pth, .safetensors or .onnx")
	flags.StringVar(&s.in, "in", "", "the `picture` that the page begins with; a drawn one without")
	flags.StringVar(&s.addr, "addr", "localhost:8080", "`host:port` to serve at; browsers give webcams and threads to localhost and https only")
	flags.StringVar(&s.modules, "modules", filepath.FromSlash("examples/web/node_modules"), "the `folder` that npm installed onnxruntime-web in")
	if err := cli.Parse(flags, args, 0); err != nil {
		return nil, err
	}
	if s.model == "" {
		return nil, cli.Usagef("-model is missing: name a .pth, .safetensors or .onnx file")
	}
	return s, nil
}

// site makes all that the page needs.
func (s *settings) site(ctx context.Context) (http.Handler, error) {
	runtime := filepath.Join(s.modules, "onnxruntime-web", "dist")
	if _, err := os.Stat(runtime); err != nil {
		return nil, fmt.Errorf("-modules: %w: run `npm ci --prefix examples/web`", err)
	}
	weights, err := model.Read(ctx, s.model)
	if err != nil {
		return nil, fmt.Errorf("-model: %w", err)
	}
	picture := paint.Scene(7, 960, 540)
	if s.in != "" {
		if picture, err = imageio.Load(s.in, imageio.Options{ApplyOrientation: true}); err != nil {
			return nil, fmt.Errorf("-in: %w", err)
		}
	}
	name := strings.TrimSuffix(filepath.Base(s.model), filepath.Ext(s.model))
	site, err := newSite(name, weights, picture, os.DirFS(runtime))
	if err != nil {
		return nil, fmt.Errorf("-model %s: %w", s.model, err)
	}
	return site, nil
}
