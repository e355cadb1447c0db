//go:build gl && cgo && (linux || windows)

package gpu

import (
	"cmp"
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
// device or by running all of them. It lasts as long as the compiler takes, and half a
// second to two more.
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

// trial is a candidate for a class.
type trial struct {
	name string
	run  func() (took time.Duration, ok bool) // one convolution
	best time.Duration                        // of all runs but the first
}

// measureChoice runs every candidate. It is empty if the device has failed.
func (d *Device) measureChoice() (c choice) {
	if d.Err() != nil {
		return choice{}
	}
	var all []*trial
	var classes [len(convClasses)][]*trial
	for i, class := range convClasses {
		x, w := d.Alloc(measured[i]), d.Alloc(backend.Shape{measured[i][1], measured[i][1], 3, 3})
		y := d.Alloc(measured[i])
		for _, b := range []backend.Buffer{x, w, y} {
			defer d.Free(b)
		}
		d.Fill(x, 1)
		d.Fill(w, 1)
		for _, name := range class.candidates {
			classes[i] = append(classes[i], &trial{name: name, run: func() (time.Duration, bool) {
				d.kernels.conv = name
				start := time.Now()
				d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1, Pad: 1})
				ok := d.Sync() == nil
				return time.Since(start), ok
			}})
		}
		all = append(all, classes[i]...)
	}
	if !settle(all) {
		return choice{}
	}
	var best *trial
	for i, s := range measured {
		best = slices.MinFunc(classes[i], func(a, b *trial) int { return cmp.Compare(a.best, b.best) })
		c.Best = append(c.Best, best.name)
		c.FLOPS = max(c.FLOPS, 2*float64(s.Len()*s[1]*9)/best.best.Seconds())
	}
	if tileNamed(best.name) != nil {
		d.kernels.winograd = true
		transformed := &trial{run: best.run}
		if !settle([]*trial{transformed}) {
			return choice{}
		}
		c.Winograd = transformed.best < best.best
	}
	return c
}

// settle runs trials in turns until their times hold: until none has become a fifth
// faster for 400 ms, or 2 s have passed. For drivers may begin with a program that they
// compiled in haste, and compile it again in the background: NVIDIA's 580 took 0.1 to
// 0.3 s for that, in which it was five times slower, and not all kernels alike. It
// reports whether all went well.
func settle(trials []*trial) bool {
	const still, most = 400 * time.Millisecond, 2 * time.Second
	for _, t := range trials {
		t.best = time.Hour
		if _, ok := t.run(); !ok { // waits for the compiler
			return false
		}
	}
	for spent, faster := time.Duration(0), time.Duration(0); spent-faster < still && spent < most; {
		for _, t := range trials {
			took, ok := t.run()
			if !ok {
				return false
			}
			spent += took
			if took < t.best*4/5 {
				faster = spent
			}
			t.best = min(t.best, took)
		}
	}
	return true
}
