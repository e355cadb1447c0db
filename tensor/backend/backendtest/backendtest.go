// Package backendtest is the conformance suite of package backend.
package backendtest

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// Reference returns a backend that computes in float64 with the plainest loops
// and implements none of the optional interfaces: the oracle of the suite. See
// package reference.
func Reference() backend.Backend { return reference.New() }
