package movie

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/big"
	"os/exec"
	"sync"
)

// Writer makes a video of pictures.
type Writer struct {
	info    *Info
	cmd     *exec.Cmd
	pipe    io.WriteCloser
	grid    *big.Rat // seconds between pictures at a constant rate, or nil
	slack   *big.Rat // how far from it a time may be by rounding
	last    *big.Rat
	message bytes.Buffer
	once    sync.Once
	err     error
}

// Loses tells what a video of this name and these pixels cannot hold of v's
// pictures, as sentences; or why it cannot be made at all.
func (v *Info) Loses(out string, pixels Pixels) (notes []string, err error) {
	if pixels == High && v.video.Transfer != pq && v.video.Transfer != hlg {
		return nil, fmt.Errorf("the video has no high dynamic range to keep: it is neither PQ nor HLG")
	}
	if pixels == Deep || pixels == High {
		switch ending(out) {
		case ".avi", ".gif":
			return nil, fmt.Errorf("%s files hold 8 bits a color: name a .mp4, .mov, .mkv or .webm file for 10", ending(out))
		}
	}
	if pixels == High {
		notes = append(notes, "the styled pictures are stored as HDR again, with white at 203 nits: highlights above it are gone")
	}
	if v.alpha && v.video.Codec != "gif" && !keepsAlpha(out) { // ffmpeg says so of every GIF
		notes = append(notes, fmt.Sprintf("%s files have no transparency, which becomes black: .webm, .mov and .gif files keep it", ending(out)))
	}
	if ending(out) == ".avi" {
		notes = append(notes, fmt.Sprintf("AVI knows only constant rates: pictures are repeated or left out for %s a second", v.constant().RatString()))
		if v.rate != nil {
			notes = notes[:len(notes)-1]
		}
	}
	return notes, nil
}

func keepsAlpha(out string) bool {
	switch ending(out) {
	case ".webm", ".mov", ".gif":
		return true
	}
	return false
}

// constant is the rate of pictures to use where only a constant one is possible.
func (v *Info) constant() *big.Rat {
	if v.rate != nil {
		return v.rate
	}
	for _, s := range []string{v.video.Avg, v.video.R} {
		if r := fraction(s); r != nil && r.Cmp(big.NewRat(120, 1)) <= 0 && r.Cmp(big.NewRat(1, 1)) >= 0 {
			return r
		}
	}
	return big.NewRat(30, 1)
}

// ticks returns how many ticks a second tell the times of v's pictures exactly, if
// that is possible at all.
func (v *Info) ticks() int64 {
	const fine, limit = 10_000, 10_000_000
	base, rate := int64(1), int64(1)
	if b := fraction(v.video.TimeBase); b != nil && b.Num().Int64() == 1 && b.Denom().Int64() <= limit {
		base = b.Denom().Int64()
	}
	if v.rate != nil && v.rate.Num().Int64() <= limit {
		rate = v.rate.Num().Int64()
	}
	gcd := new(big.Int).GCD(nil, nil, big.NewInt(base), big.NewInt(rate)).Int64()
	n := base / gcd * rate
	if n > limit {
		n = rate
	}
	for n < fine {
		n *= 10
	}
	return n
}

// Create starts to write pictures of width x height to the file out. aspect is that
// of their pixels, nil if unknown.
func (v *Info) Create(ctx context.Context, out string, width, height int, aspect *big.Rat, pixels Pixels) (*Writer, error) {
	args := []string{"-nostats", "-loglevel", "error", "-f", "matroska", "-analyzeduration", "0", "-fpsprobesize", "0", "-i", "pipe:0"}
	args = append(args, v.encode(out, width, height, aspect, pixels)...)
	cmd, err := command(ctx, "ffmpeg", append(args, File(out))...)
	if err != nil {
		return nil, err
	}
	w := &Writer{info: v, cmd: cmd, last: big.NewRat(-1, 1)}
	if v.rate != nil {
		w.grid = new(big.Rat).Inv(v.rate)
		w.slack = fraction(v.video.TimeBase)
	}
	cmd.Stderr = &w.message
	if w.pipe, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := w.pipe.Write(matroskaHeader(width, height, v.rate)); err != nil {
		return nil, cmp.Or(w.Close(), err)
	}
	return w, nil
}

// encode returns ffmpeg's arguments for the file out.
func (v *Info) encode(out string, width, height int, aspect *big.Rat, pixels Pixels) []string {
	alpha := v.alpha && keepsAlpha(out)
	filters := []string{}
	if v.alpha && !alpha {
		filters = append(filters, "format=gbrap", "premultiply=inplace=1") // on black
	}
	if aspect != nil && aspect.Cmp(big.NewRat(1, 1)) != 0 {
		filters = append(filters, fmt.Sprintf("setsar=%d/%d", aspect.Num(), aspect.Denom()))
	}
	times := []string{"-fps_mode", "passthrough", "-enc_time_base", fmt.Sprintf("1:%d", v.ticks())}
	switch ending(out) {
	case ".gif":
		transparent := "0"
		if alpha {
			transparent = "1"
		}
		filters = append(filters, "split[a][b];[a]palettegen=reserve_transparent="+transparent+"[p];[b][p]paletteuse")
		return []string{"-vf", chain(filters...), "-fps_mode", "vfr", "-enc_time_base", "1:100"}
	case ".avi":
		times = []string{"-r", ratio(v.constant()), "-fps_mode", "cfr"}
	}
	// Most encoders want even sizes where colors have half the resolution: the last
	// row and column are shown twice.
	if right, bottom := width%2, height%2; right+bottom > 0 && pixels != Full && !(alpha && ending(out) == ".mov") {
		filters = append(filters, fmt.Sprintf("pad=%d:%d,fillborders=right=%d:bottom=%d:mode=smear", width+right, height+bottom, right, bottom))
	}
	space, primaries, transfer := "bt709", "bt709", "bt709"
	if pixels == High {
		space, primaries, transfer = "bt2020nc", "bt2020", v.video.Transfer
		filters = append(filters, "format=gbrp", "format=gbrpf32le", "zscale=min=gbr:pin=709:tin=709:rin=full:t=linear:m=gbr:p=709:npl=203",
			"zscale=m=2020_ncl:p=2020:t="+transfer+":r=limited:npl=203", "format=yuv420p10le")
	} else {
		filters = append(filters, "scale=out_color_matrix=bt709:out_range=tv")
	}
	args := append(times, "-vf", chain(filters...),
		// Tagged, so that players convert back with what was used.
		"-colorspace", space, "-color_primaries", primaries, "-color_trc", transfer, "-color_range", "tv")
	return append(args, codec(ending(out), alpha, pixels)...)
}

// codec chooses what encodes the pictures.
func codec(ending string, alpha bool, pixels Pixels) []string {
	format := map[Pixels]string{Common: "yuv420p", Deep: "yuv420p10le", High: "yuv420p10le", Full: "yuv444p"}[pixels]
	if pixels == High {
		pixels = Deep
	}
	switch {
	case ending == ".webm" && alpha:
		return []string{"-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p"}
	case ending == ".mov" && alpha:
		return []string{"-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"}
	case ending == ".webm":
		return []string{"-c:v", "libvpx-vp9", "-pix_fmt", format}
	case ending == ".avi":
		return []string{"-pix_fmt", format}
	case pixels == Deep && ending == ".mkv":
		return []string{"-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", format}
	case pixels == Deep:
		return []string{"-c:v", "libx265", "-x265-params", "log-level=error", "-tag:v", "hvc1", "-pix_fmt", format}
	}
	return []string{"-c:v", "libx264", "-pix_fmt", format}
}

// Write adds a picture, rows of RGBA without padding, at a time that is later than
// that of the last one; where it is not, or unknown, it comes a frame later. The
// first is shown from the beginning: players would show nothing until its time.
func (w *Writer) Write(rgba []byte, at *big.Rat) error {
	at = w.place(at)
	if _, err := w.pipe.Write(matroskaFrame(at, len(rgba))); err != nil {
		return cmp.Or(w.Close(), err)
	}
	if _, err := w.pipe.Write(rgba); err != nil {
		return cmp.Or(w.Close(), err)
	}
	w.last = at
	return nil
}

// place returns the time that a picture gets: its own, freed of rounding where the
// rate is constant.
func (w *Writer) place(at *big.Rat) *big.Rat {
	if w.last.Sign() < 0 {
		return new(big.Rat)
	}
	if at == nil || at.Cmp(w.last) <= 0 {
		return new(big.Rat).Add(w.last, new(big.Rat).Inv(w.info.constant()))
	}
	if w.grid == nil {
		return at
	}
	n := new(big.Rat).Quo(at, w.grid)
	whole := new(big.Int).Div(new(big.Int).Add(new(big.Int).Lsh(n.Num(), 1), n.Denom()), new(big.Int).Lsh(n.Denom(), 1))
	exact := new(big.Rat).Mul(w.grid, new(big.Rat).SetInt(whole))
	off := new(big.Rat).Sub(at, exact)
	if w.slack == nil || off.Abs(off).Cmp(w.slack) > 0 || exact.Cmp(w.last) <= 0 {
		return at
	}
	return exact
}

// Close completes the file. The error is ffmpeg's message.
func (w *Writer) Close() error {
	w.once.Do(func() {
		w.pipe.Close() // a failure to do so is ffmpeg's, which Wait reports
		if err := w.cmd.Wait(); err != nil {
			w.err = fmt.Errorf("ffmpeg could not encode the pictures: %s", cause(w.message.String(), err))
		}
	})
	return w.err
}
