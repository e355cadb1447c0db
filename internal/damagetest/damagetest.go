// Package damagetest helps to test what reads files: with damaged copies of them,
// and a bound on the memory that reading one may take.
package damagetest

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// Allocated returns the bytes that run allocates in total.
func Allocated(run func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// Bounded runs read and requires that it allocates at most twice the file's size
// and 16 MiB in total.
func Bounded(t testing.TB, fileSize int, read func()) {
	require.LessOrEqual(t, Allocated(read), 2*fileSize+16<<20, "bytes allocated for a file of %d", fileSize)
}

// Truncations returns the lengths at which a file of the given size is cut: all
// below 4 KiB, then every 1 KiB.
func Truncations(size int) []int {
	var lengths []int
	for n := 0; n < size; n++ {
		if n < 4096 || n%1024 == 0 || n == size-1 {
			lengths = append(lengths, n)
		}
	}
	return lengths
}

// Flips calls f with copies of file in which one byte of [from, to) is changed: its
// lowest or its highest bit.
func Flips(file []byte, from, to int, f func(at int, damaged []byte)) {
	damaged := slices.Clone(file)
	for at := from; at < to; at++ {
		for _, mask := range []byte{0x01, 0x80} {
			damaged[at] ^= mask
			f(at, damaged)
			damaged[at] ^= mask
		}
	}
}

// Mutations calls f with randomly damaged copies of file: 10,000 if IMPASTO_LONG
// is set and 2,000 otherwise. Bytes are overwritten, and parts are cut out,
// doubled or exchanged.
func Mutations(file []byte, f func(damaged []byte)) {
	count := 2000
	if need.Long() {
		count = 10000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range count {
		damaged := slices.Clone(file)
		for range 1 + rng.IntN(8) {
			at := rng.IntN(len(damaged))
			end := min(len(damaged), at+1+rng.IntN(16))
			switch rng.IntN(8) {
			case 0:
				damaged = slices.Delete(damaged, at, end)
			case 1:
				damaged = slices.Insert(damaged, at, slices.Clone(damaged[at:end])...)
			case 2:
				for i := at; i < end; i++ {
					damaged[i] = 0xff
				}
			case 3:
				to := rng.IntN(len(damaged))
				copy(damaged[to:], slices.Clone(damaged[at:end]))
			default:
				damaged[at] = byte(rng.Uint32())
			}
			if len(damaged) == 0 {
				break
			}
		}
		f(damaged)
	}
}
