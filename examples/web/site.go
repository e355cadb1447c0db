package main

import (
	"bytes"
	"embed"
	"image/png"
	"io/fs"
	"net/http"
	"time"

	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
)

//go:embed page
var page embed.FS

// policy keeps the page to its own files. ONNX Runtime compiles WebAssembly and
// starts its threads from blobs.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; connect-src 'self' blob: data:; img-src 'self' blob:; media-src blob:"

// newSite returns the page, the style as an ONNX file for frames of any size and
// values of 0..1, the picture to begin with, and ONNX Runtime's files.
func newSite(style string, d statedict.Dict, picture *imageio.Image, runtime fs.FS) (http.Handler, error) {
	var graph, begin bytes.Buffer
	err := onnxexport.Write(&graph, d, onnxexport.Options{Profile: onnxexport.ONNXRuntime, AnySize: true, Style: style})
	if err != nil {
		return nil, err
	}
	if err := png.Encode(&begin, picture.NRGBA()); err != nil {
		return nil, err
	}
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("GET /onnxruntime-web/", http.StripPrefix("/onnxruntime-web/", http.FileServerFS(runtime)))
	mux.Handle("GET /style.onnx", content("style.onnx", "application/octet-stream", graph.Bytes()))
	mux.Handle("GET /picture.png", content("picture.png", "image/png", begin.Bytes()))
	return isolated(mux), nil
}

// content serves bytes as a file.
func content(name, kind string, data []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
	})
}

// isolated adds the headers without which browsers give a page no memory that threads
// share (developer.mozilla.org/docs/Web/API/Window/crossOriginIsolated).
func isolated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}
