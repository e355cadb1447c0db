package backendtest_test

import (
	"testing"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/backendtest"
)

func openReference(testing.TB) backend.Backend { return backendtest.Reference() }

func TestReferenceConforms(t *testing.T) { backendtest.Run(t, openReference) }

func TestReferenceAgreesWithPyTorch(t *testing.T) { backendtest.RunGoldens(t, openReference) }

func BenchmarkReference(b *testing.B) { backendtest.Bench(b, openReference) }
