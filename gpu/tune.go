//go:build gl && cgo && (linux || windows)

package gpu

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/impasto-go/impasto/tensor/backend"
)

// choice is what tuning a device found, as its cache keeps it.
type choice struct {
	Best     []string // kernels by class
	Winograd bool     // beats the best of the last class
	FLOPS    float64  // of the fastest of all
}

const choiceFile = "kernels.json"

// tune finds the best kernel of every class of convolutions, in the cache of the
// device or by running all of them. It lasts as long as the compiler takes, and some
// hundred milliseconds more.
func (d *Device) tune() {
	d.kernels.tuned = true
	c, ok := d.cachedChoice()
	if !ok {
		before := d.kernels
		c = d.measureChoice()
		d.kernels = before
		if text, err := json.Marshal(c); err == nil && len(c.Best) > 0 {
			d.cache.write(choiceFile, text)
		}
	}
	copy(d.kernels.best[:], c.Best)
	d.kernels.winograd = c.Winograd
	if c.FLOPS > 0 {
		d.wait(func() { d.limits.flops = c.FLOPS * pieceTime.Seconds() })
	}
}

// cachedChoice is the choice in the cache, if it is one.
func (d *Device) cachedChoice() (c choice, ok bool) {
	text, ok := d.cache.read(choiceFile)
	if !ok || json.Unmarshal(text, &c) != nil || len(c.Best) != len(convClasses) {
		return choice{}, false
	}
	for i, name := range c.Best {
		if !slices.Contains(convClasses[i].candidates, name) {
			return choice{}, false
		}
	}
	return c, c.FLOPS > 0
}

// measured are the convolutions that stand for the classes, 3x3 with as many outputs
// as inputs.
var measured = [len(convClasses)]backend.Shape{
	{1, 8, 256, 256}, {1, 16, 256, 256}, {1, 32, 128, 128}, {1, 128, 64, 64},
}

// measureChoice runs every candidate. It is empty if the device has failed.
func (d *Device) measureChoice() (c choice) {
	if d.Err() != nil {
		return choice{}
	}
	for i, class := range convClasses {
		x, w := d.Alloc(measured[i]), d.Alloc(backend.Shape{measured[i][1], measured[i][1], 3, 3})
		y := d.Alloc(measured[i])
		d.Fill(x, 1)
		d.Fill(w, 1)
		name, best := class.candidates[0], time.Hour
		for _, candidate := range class.candidates {
			d.kernels.conv = candidate
			if t, ok := d.timeConv(y, x, w); ok && t < best {
				name, best = candidate, t
			}
		}
		c.Best = append(c.Best, name)
		if d.kernels.conv = name; i == len(convClasses)-1 && tileNamed(name) != nil {
			d.kernels.winograd = true
			t, ok := d.timeConv(y, x, w)
			c.Winograd = ok && t < best
			d.kernels.winograd = false
		}
		s := measured[i]
		c.FLOPS = max(c.FLOPS, 2*float64(s.Len()*s[1]*9)/best.Seconds())
		for _, b := range []backend.Buffer{x, w, y} {
			d.Free(b)
		}
	}
	return c
}

// timeConv returns the shortest time of a few convolutions, and whether they went well.
func (d *Device) timeConv(y, x, w backend.Buffer) (time.Duration, bool) {
	const rounds, enough = 4, 100 * time.Millisecond
	best, total := time.Hour, time.Duration(0)
	for round := 0; round <= rounds && total < enough; round++ {
		start := time.Now()
		d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1, Pad: 1})
		if d.Sync() != nil {
			return 0, false
		}
		if round > 0 { // after the compiler's
			best = min(best, time.Since(start))
			total += time.Since(start)
		}
	}
	return best, true
}
