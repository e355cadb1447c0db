//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"time"
)

// mark is a fence behind the submission with a serial number.
type mark struct {
	serial uint64
	fence  uintptr
}

// markEvery is how many dispatches make a submission of their own.
const markEvery = 64

// patience is how long a fence may take to pass before the device counts as lost.
// A software renderer may well need minutes.
const patience = 10 * time.Minute

// mark ends the current submission with a fence.
func (d *Device) mark() {
	d.poll()
	d.marks = append(d.marks, mark{d.serial, d.stream.fence()})
	d.serial++
	d.unmarked = 0
}

// poll notes which submissions are done.
func (d *Device) poll() {
	for len(d.marks) > 0 && d.stream.passed(d.marks[0].fence, 0) {
		d.pass()
	}
}

// pass notes that the oldest mark was passed.
func (d *Device) pass() {
	d.passed = d.marks[0].serial
	d.marks = append(d.marks[:0], d.marks[1:]...)
}

// reach waits until the submission with a serial number is done, or the device is
// lost.
func (d *Device) reach(serial uint64) {
	if serial == d.serial {
		d.mark()
	}
	for d.passed < serial && d.await() {
		d.pass()
	}
}

// await waits for the oldest mark and reports whether it was passed.
func (d *Device) await() bool {
	const slice = time.Second // between looks at the device's health
	for waited := time.Duration(0); !d.lost; waited += slice {
		if d.stream.passed(d.marks[0].fence, min(slice, d.patience)) {
			return true
		}
		switch {
		case d.stream.lost():
			d.lose("the driver has reset it")
		case waited >= d.patience:
			d.lose(fmt.Sprintf("it has done nothing for %v", d.patience))
		}
	}
	return false
}

// lose ends the use of the device: all operations from now on do nothing, and Sync
// keeps returning the error.
func (d *Device) lose(why string) {
	d.lost = true
	d.err = fmt.Errorf("%w: %s", ErrLost, why)
}
