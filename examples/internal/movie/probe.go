package movie

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Info is what ffprobe says of a video.
type Info struct {
	Width, Height int // of the upright pictures
	Frames        int // how many pictures there may be, -1 if that is unknown
	// Notes are sentences about what is not as it seems: several tracks, HDR that
	// is tone-mapped, fields that are woven.
	Notes []string

	path    string // absolute
	video   *stream
	streams []*stream
	rate    *big.Rat // pictures a second, nil if they vary
	alpha   bool
	upright string // the filter that makes pictures progressive and BT.709
}

// stream is one track of a file.
type stream struct {
	Index         int
	Codec         string `json:"codec_name"`
	Tag           string `json:"codec_tag_string"`
	Type          string `json:"codec_type"`
	Width, Height int
	Avg           string `json:"avg_frame_rate"`
	R             string `json:"r_frame_rate"`
	TimeBase      string `json:"time_base"`
	NbFrames      string `json:"nb_frames"`
	Duration      string
	PixFmt        string `json:"pix_fmt"`
	Range         string `json:"color_range"`
	Space         string `json:"color_space"`
	Transfer      string `json:"color_transfer"`
	Primaries     string `json:"color_primaries"`
	FieldOrder    string `json:"field_order"`
	Channels      int
	Disposition   struct {
		Attached int `json:"attached_pic"`
	}
	Tags     map[string]string
	SideData []sideData `json:"side_data_list"`
}

type sideData struct {
	Rotation      float64
	DVProfile     int `json:"dv_profile"`
	Compatibility int `json:"dv_bl_signal_compatibility_id"`
}

// Probe looks at the video file path.
func Probe(ctx context.Context, path string) (*Info, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	cmd, err := command(ctx, "ffprobe", "-v", "error", "-show_streams", "-show_entries", "format=duration", "-of", "json", File(abs))
	if err != nil {
		return nil, err
	}
	var message bytes.Buffer
	cmd.Stderr = &message
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: ffprobe cannot read it: %s", path, cause(message.String(), err))
	}
	v, err := parse(out)
	if err == nil {
		v.path = abs
		err = v.convert(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// maxRate is the highest rate of pictures that is believed; what is higher is the
// time base of a file without a rate.
const maxRate = 300

func parse(data []byte) (*Info, error) {
	var p struct {
		Streams []*stream
		Format  struct{ Duration string }
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("ffprobe's answer: %w", err)
	}
	v := &Info{Frames: -1, streams: p.Streams}
	videos := 0
	for _, s := range p.Streams {
		if s.Type != "video" || s.Disposition.Attached != 0 { // the picture of an album
			continue
		}
		if videos++; v.video == nil {
			v.video = s
		}
	}
	s := v.video
	if s == nil {
		return nil, errors.New("there is no video in it")
	}
	if videos > 1 {
		v.Notes = append(v.Notes, fmt.Sprintf("it has %d video tracks, of which the first is used", videos))
	}
	const maxSide = 1 << 15
	if s.Width < 1 || s.Height < 1 || s.Width > maxSide || s.Height > maxSide {
		return nil, fmt.Errorf("ffmpeg finds frames of %dx%d pixels in it, which cannot be read: convert it to another format first", s.Width, s.Height)
	}
	v.Width, v.Height = s.Width, s.Height
	for _, d := range s.SideData {
		if math.Mod(math.Abs(d.Rotation), 180) == 90 { // ffmpeg turns frames upright
			v.Width, v.Height = s.Height, s.Width
		}
	}
	avg, r := fraction(s.Avg), fraction(s.R)
	if avg != nil && r != nil && avg.Cmp(r) == 0 && avg.Cmp(big.NewRat(maxRate, 1)) <= 0 {
		v.rate = avg
	}
	if avg == nil {
		avg = r
	}
	v.count(avg, p.Format.Duration)
	v.alpha = s.transparent()
	return v, nil
}

// count guesses the number of pictures from what the file claims.
func (v *Info) count(rate *big.Rat, whole string) {
	if n, err := strconv.Atoi(v.video.NbFrames); err == nil && n > 0 {
		v.Frames = n
		return
	}
	if rate == nil || rate.Cmp(big.NewRat(maxRate, 1)) > 0 {
		return
	}
	fps, _ := rate.Float64()
	for _, duration := range []string{v.video.Duration, whole} {
		if d, err := strconv.ParseFloat(duration, 64); err == nil && d > 0 && d*fps < 1e9 {
			v.Frames = int(math.Ceil(d * fps))
			return
		}
	}
}

// transparent reports whether the pictures have an alpha channel.
func (s *stream) transparent() bool {
	for key, value := range s.Tags { // VP8 and VP9 keep it aside
		if strings.EqualFold(key, "alpha_mode") && value == "1" {
			return true
		}
	}
	for _, kind := range []string{"yuva", "rgba", "argb", "bgra", "abgr", "gbrap", "ya8", "ya16"} {
		if strings.HasPrefix(s.PixFmt, kind) {
			return true
		}
	}
	return false
}

// convert decides how pictures become progressive BT.709.
func (v *Info) convert(ctx context.Context) error {
	s := v.video
	var filters []string
	if slices.Contains([]string{"tt", "bb", "tb", "bt"}, s.FieldOrder) {
		filters = append(filters, "bwdif=mode=send_frame")
		v.Notes = append(v.Notes, "it is interlaced: its fields are woven into whole pictures (bwdif)")
	}
	for _, d := range s.SideData {
		if d.DVProfile == 5 && d.Compatibility == 0 {
			return errors.New("ffmpeg cannot convert the colors of Dolby Vision, profile 5: export it as HDR10, HLG or SDR")
		}
	}
	color, err := s.tone(ctx)
	if err != nil {
		return err
	}
	switch s.Transfer {
	case pq:
		v.Notes = append(v.Notes, "it is HDR (PQ): tone-mapped to BT.709")
	case hlg:
		v.Notes = append(v.Notes, "it is HDR (HLG): tone-mapped to BT.709")
	}
	v.upright = strings.Join(append(filters, color...), ",")
	return nil
}

const (
	pq  = "smpte2084"
	hlg = "arib-std-b67"
)

// tone returns the filters that bring wide and high-dynamic-range colors to BT.709.
// HDR's 203 nits, its white of paper (ITU-R BT.2408), are taken for 1; the curve
// keeps what is darker than 0.7 of that and bends the rest below BT.709's white.
func (s *stream) tone(ctx context.Context) ([]string, error) {
	hdr := s.Transfer == pq || s.Transfer == hlg
	if !hdr && s.Primaries != "bt2020" {
		return nil, nil
	}
	ok, err := has(ctx, "zscale", "tonemap")
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("HDR and BT.2020 colors need an ffmpeg with the filters zscale (libzimg) and tonemap, which this one lacks: install a full build, or convert the video to SDR first")
	}
	matrix := s.Space
	if !strings.HasPrefix(matrix, "bt2020") {
		matrix = "bt2020nc"
	}
	matrix = map[string]string{"bt2020nc": "2020_ncl", "bt2020c": "2020_cl"}[matrix]
	in := fmt.Sprintf("zscale=min=%s:pin=2020:tin=%s:t=linear:npl=203", matrix, map[string]string{
		pq: "smpte2084", hlg: "arib-std-b67",
	}[s.Transfer])
	if !hdr {
		return []string{
			fmt.Sprintf("zscale=min=%s:pin=2020:tin=2020_10:t=linear", matrix), "format=gbrpf32le",
			"zscale=p=709:t=709:m=gbr:r=full", "format=gbrp",
		}, nil
	}
	return []string{
		in, "format=gbrpf32le", "zscale=p=709", "tonemap=mobius:param=0.7:desat=0",
		"zscale=t=709:m=gbr:r=full", "format=gbrp",
	}, nil
}
