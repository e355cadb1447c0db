package onnx

import "github.com/impasto-go/impasto/nn/internal/tensorio"

// RoundHalf returns the binary16 number nearest to v.
func RoundHalf(v float32) float32 { return tensorio.FromHalf(tensorio.ToHalf(v)) }
