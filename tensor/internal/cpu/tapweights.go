package cpu

// tapForm says what a direct convolution makes of weights.
type tapForm int

const (
	forwardForm   tapForm     = iota // taps of the convolution
	phasesForm                       // of the phases of one of an upsampled image
	nestedForm                       // the frequencies of a nestedConv
	upsampledForm                    // the sums of an upsampledConv
	keptForms                        // how many of them are kept with frozen weights
	gradientForm  = keptForms        // taps of the gradient of the input
)

// packer is a direct convolution that packs the weights of its taps, those of
// output channels step apart, into memory that its next call reuses.
type packer interface {
	pack(w []float32, step int) []float32
}

// prepare makes t, placed, ready to run with weights w in form f, and returns what to
// run.
func (b *Backend) prepare(t *tapConv, w *buffer, f tapForm) task {
	switch {
	case b.precise:
	case f == phasesForm && t.x.shape[1] >= upsampledChannels:
		u := b.upsampled(t)
		u.weights = b.packed(u, w, upsampledForm)
		return u
	case t.nests():
		n := b.nest(t)
		if f == forwardForm {
			f = nestedForm
		}
		n.weights = b.packed(n, w, f)
		return n
	}
	t.use(b.packed(t, w, f))
	return t
}

// packed returns weights as p packs them. Those of frozen ones are kept with them.
func (b *Backend) packed(p packer, w *buffer, f tapForm) []float32 {
	if !w.frozen || f >= keptForms {
		return b.makeTaps(p, w, f)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taps[f] == nil {
		made := b.makeTaps(p, w, f)
		w.taps[f] = alignedFloats(len(made))
		copy(w.taps[f], made)
	}
	return w.taps[f]
}

// makeTaps has p pack weights.
func (b *Backend) makeTaps(p packer, w *buffer, f tapForm) []float32 {
	s := w.shape
	switch f {
	case phasesForm:
		return p.pack(b.upsampleKernels(w), 1)
	case gradientForm:
		return p.pack(w.data, s[2]*s[3])
	}
	return p.pack(w.data, s[1]*s[2]*s[3])
}

// pack lays out the weights of every phase as the kernels want them.
func (t *tapConv) pack(w []float32, step int) []float32 {
	k, n := t.dst.shape[1], 0
	for _, p := range t.phases {
		n += len(p.taps) * k
	}
	packed := t.room.floats(slotWeights, n)
	at := 0
	for _, p := range t.phases {
		for first := 0; first < k; {
			g := groupSize(k - first)
			for _, q := range p.taps {
				from := w[q.w+first*step:]
				for o := range g {
					packed[at] = from[o*step]
					at++
				}
			}
			first += g
		}
	}
	return packed
}

// use gives every phase its packed weights.
func (t *tapConv) use(packed []float32) {
	for i := range t.phases {
		p := &t.phases[i]
		n := len(p.taps) * t.dst.shape[1]
		p.weights, packed = packed[:n], packed[n:]
	}
}
