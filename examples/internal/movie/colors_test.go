package movie

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// linear makes RGB linear light, 1 for 203 nits.
const linear = "format=gbrp,format=gbrpf32le,zscale=tin=709:min=gbr:pin=709:rin=full:t=linear:m=gbr:p=709:npl=203"

// TestHDR makes SDR bars PQ and HLG with zscale, diffuse white at 203 nits, and
// wants about the same picture back, said in a line. Untouched, HDR is gray.
func TestHDR(t *testing.T) {
	const source = "smptehdbars=size=96x54:rate=10:duration=0.3"
	sdr := clip(t, "sdr.mkv", "-f", "lavfi", "-i", source, "-c:v", "ffv1", "-pix_fmt", "gbrp")
	want := pixels(t, sdr)
	for transfer, c := range map[string]struct {
		name      string
		tolerance float64
	}{"smpte2084": {"PQ", 16}, "arib-std-b67": {"HLG", 30}} {
		in := clip(t, transfer+".mkv", "-i", sdr, "-vf",
			linear+",zscale=p=2020:t="+transfer+":m=2020_ncl:r=limited:npl=203,format=yuv420p10le",
			"-c:v", "ffv1", "-color_trc", transfer, "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
		require.Equal(t, transfer, look(t, in).Streams[0].Transfer)
		file, notes := remake(t, in, "out.mp4", Full)
		require.Len(t, notes, 1)
		require.Contains(t, notes[0], c.name)
		require.Equal(t, "bt709", look(t, file).Streams[0].Transfer)
		got := pixels(t, file)
		require.Less(t, mean(t, want, got), c.tolerance, c.name)
		require.Greater(t, mean(t, want, pixels(t, in)), mean(t, want, got)+5)
		dir := t.TempDir()
		v, err := Probe(t.Context(), in)
		require.NoError(t, err)
		require.NoError(t, v.Split(t.Context(), dir, 1))
		require.Less(t, mean(t, got, pixels(t, dir+"/00001.png")), 6.0)
	}
}

// TestKeepHDR wants PQ and HLG, BT.2020 and 10 bits in the result again, and on the way
// back to BT.709 the picture that ordinary results show.
func TestKeepHDR(t *testing.T) {
	sdr := clip(t, "sdr.mkv", "-f", "lavfi", "-i", "smptehdbars=size=96x54:rate=10:duration=0.3", "-c:v", "ffv1", "-pix_fmt", "gbrp")
	for transfer, outs := range map[string][]string{pq: {"out.mp4", "out.webm"}, hlg: {"out.mkv"}} {
		in := clip(t, transfer+".mkv", "-i", sdr, "-vf",
			linear+",zscale=p=2020:t="+transfer+":m=2020_ncl:r=limited:npl=203,format=yuv420p10le",
			"-c:v", "ffv1", "-color_trc", transfer, "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
		once, _ := remake(t, in, "once.mp4", Common)
		for _, out := range outs {
			file, notes := remake(t, in, out, High)
			require.Len(t, notes, 2)
			require.Contains(t, notes[1], "203 nits")
			s := look(t, file).Streams[0]
			require.Equal(t, transfer, s.Transfer)
			require.Equal(t, "bt2020nc", s.Space)
			require.Equal(t, "yuv420p10le", s.PixFmt)
			twice, _ := remake(t, file, "twice.mp4", Common)
			require.Less(t, mean(t, pixels(t, once), pixels(t, twice)), 16.0, out)
			require.Greater(t, mean(t, pixels(t, once), pixels(t, file)), 16.0, "HDR looks gray untouched")
		}
	}
	v, err := Probe(t.Context(), sdr)
	require.NoError(t, err)
	_, err = v.Loses("out.mp4", High)
	require.ErrorContains(t, err, "neither PQ nor HLG")
	v.video.Transfer = pq
	_, err = v.Loses("out.avi", High)
	require.ErrorContains(t, err, "8 bits")
}

// TestWideGamut brings BT.2020 to BT.709 without a curve.
func TestWideGamut(t *testing.T) {
	const source = "smptehdbars=size=96x54:rate=10:duration=0.3"
	sdr := clip(t, "sdr.mkv", "-f", "lavfi", "-i", source, "-c:v", "ffv1", "-pix_fmt", "gbrp")
	want := pixels(t, sdr)
	in := clip(t, "wide.mkv", "-i", sdr, "-vf",
		linear+",zscale=p=2020:t=2020_10:m=2020_ncl:r=limited,format=yuv444p10le",
		"-c:v", "ffv1", "-color_trc", "bt2020-10", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
	file, notes := remake(t, in, "out.mkv", Full)
	require.Empty(t, notes)
	require.Less(t, mean(t, want, pixels(t, file)), 4.0)
}

// TestMatrix wants the colors of files with and without tags as players show them.
func TestMatrix(t *testing.T) {
	for _, c := range []struct {
		size, matrix string
		tags         []string
	}{
		{"96x54", "bt601", nil}, {"1280x720", "bt709", nil},
		{"96x54", "bt709", []string{"-colorspace", "bt709"}}, {"1280x720", "bt601", []string{"-colorspace", "smpte170m"}},
	} {
		source := "testsrc=size=" + c.size + ":rate=10:duration=0.1"
		want := pixels(t, clip(t, "rgb.mkv", "-f", "lavfi", "-i", source, "-c:v", "ffv1", "-pix_fmt", "gbrp"))
		in := clip(t, "in.mkv", append([]string{"-f", "lavfi", "-i", source, "-vf", "scale=out_color_matrix=" + c.matrix + ":out_range=tv", "-pix_fmt", "yuv444p", "-c:v", "ffv1"}, c.tags...)...)
		file, _ := remake(t, in, "out.mp4", Full)
		require.Equal(t, "bt709", look(t, file).Streams[0].Space)
		require.Less(t, mean(t, want, pixels(t, file)), 3.0, "%v", c)
	}
}

// TestInterlaced weaves fields, says so, and keeps the number of pictures.
func TestInterlaced(t *testing.T) {
	in := clip(t, "in.mkv", append(pattern("64x48", "50", 20), "-vf", "tinterlace=interleave_top,setfield=tff", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "2")...)
	before := look(t, in)
	file, notes := remake(t, in, "out.mp4", Common)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "interlaced")
	after := look(t, file)
	require.InDeltaSlice(t, before.times(t), after.times(t), 0.0006)
	require.Equal(t, before.Streams[0].Rate, after.Streams[0].Rate)

	// A bar that moves between the fields: its edges are combs, and then are not.
	in = clip(t, "bar.mkv", "-f", "lavfi", "-i", "color=black:size=64x48:rate=50:duration=0.4", "-vf",
		"geq=lum='if(lt(mod(X+7*N,64),32),235,16)':cb=128:cr=128,tinterlace=interleave_top,setfield=tff", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "2")
	combs := func(file string) (sum int) {
		rgba := pixels(t, file, "-ss", "0.12")
		for i := range rgba[:64*4*47] {
			sum += max(int(rgba[i])-int(rgba[i+64*4]), int(rgba[i+64*4])-int(rgba[i]))
		}
		return sum
	}
	file, _ = remake(t, in, "out.mp4", Common)
	require.Less(t, combs(file), combs(in)/3)
}

// TestShape keeps the shape of pixels, turns pictures upright and takes odd sizes.
func TestShape(t *testing.T) {
	in := clip(t, "in.mp4", append(pattern("64x48", "10", 3), "-vf", "setsar=4/3", "-c:v", "libx264")...)
	file, _ := remake(t, in, "out.mkv", Common)
	require.Equal(t, "4:3", look(t, file).Streams[0].Aspect)
	dir := t.TempDir()
	v, err := Probe(t.Context(), in)
	require.NoError(t, err)
	require.NoError(t, v.Split(t.Context(), dir, 1))
	s := look(t, dir+"/00001.png").Streams[0]
	require.Equal(t, [2]int{85, 48}, [2]int{s.Width, s.Height})

	turned := clip(t, "turned.mp4", "-i", in, "-c", "copy", "-metadata:s:v:0", "rotate=90")
	file, _ = remake(t, turned, "out.mp4", Common)
	s = look(t, file).Streams[0]
	require.Equal(t, [2]int{48, 64}, [2]int{s.Width, s.Height})
	require.Equal(t, "3:4", s.Aspect)
	require.Less(t, mean(t, pixels(t, turned), pixels(t, file)), 12.0)

	odd := clip(t, "odd.mkv", append(pattern("65x49", "10", 3), "-c:v", "ffv1", "-pix_fmt", "gbrp")...)
	for out, pixels := range map[string]Pixels{"a.mp4": Common, "b.mp4": Full, "c.gif": Common} {
		file, _ = remake(t, odd, out, pixels)
		s = look(t, file).Streams[0]
		want := [2]int{65, 49}
		if out == "a.mp4" {
			want = [2]int{66, 50}
			require.Equal(t, "yuv420p", s.PixFmt)
		}
		require.Equal(t, want, [2]int{s.Width, s.Height}, out)
	}
	// The pixels that were added are their neighbors.
	padded, whole := pixels(t, strings.Replace(odd, "odd.mkv", "a.mp4", 1)), pixels(t, odd)
	for y := range 49 {
		for c := range 3 {
			require.InDelta(t, padded[(y*66+64)*4+c], padded[(y*66+65)*4+c], 24, "row %d", y)
		}
	}
	require.InDelta(t, whole[4*64], padded[4*64], 24)
}

// TestDepth writes 10 bits where they are asked for and possible.
func TestDepth(t *testing.T) {
	in := clip(t, "in.mkv", append(pattern("64x48", "10", 3), "-c:v", "ffv1")...)
	for _, out := range []string{"out.mp4", "out.mkv", "out.webm"} {
		file, _ := remake(t, in, out, Deep)
		require.Equal(t, "yuv420p10le", look(t, file).Streams[0].PixFmt)
	}
	v, err := Probe(t.Context(), in)
	require.NoError(t, err)
	for _, out := range []string{"out.avi", "out.GIF"} {
		_, err = v.Loses(out, Deep)
		require.ErrorContains(t, err, "8 bits a color")
	}
}

// TestAlpha keeps transparency where the file can hold it, and else shows black.
func TestAlpha(t *testing.T) {
	half := "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,32),0,255)'"
	in := clip(t, "in.mov", append(pattern("64x48", "10", 3), "-vf", half, "-c:v", "png")...)
	for _, c := range []struct {
		out     string
		options []string
	}{{"out.webm", []string{"-c:v", "libvpx-vp9"}}, {"out.mov", nil}, {"out.gif", nil}} {
		file, notes := remake(t, in, c.out, Common)
		require.Empty(t, notes)
		got := pixels(t, file, c.options...)
		require.Less(t, int(got[4*(20*64+8)+3]), 16, c.out)
		require.Greater(t, int(got[4*(20*64+56)+3]), 240, c.out)
		if c.out == "out.webm" { // and back from there
			file, notes = remake(t, file, "again.mov", Common)
			require.Empty(t, notes)
			got = pixels(t, file)
			require.Less(t, int(got[4*(20*64+8)+3]), 16)
			require.Greater(t, int(got[4*(20*64+56)+3]), 240)
		}
	}
	file, notes := remake(t, in, "out.mp4", Common)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "transparency")
	got, whole := pixels(t, file), pixels(t, in)
	for c := range 3 {
		require.Less(t, int(got[4*(20*64+8)+c]), 24)
		require.InDelta(t, whole[4*(20*64+56)+c], got[4*(20*64+56)+c], 24)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		json, rate            string
		width, height, frames int
		says                  string
	}{
		{`{"streams":[{"codec_type":"video","width":640,"height":360,"avg_frame_rate":"30/1","r_frame_rate":"60/1","nb_frames":"77"}]}`, "", 640, 360, 77, ""},
		{`{"streams":[{"codec_type":"video","width":640,"height":360,"avg_frame_rate":"25/2","r_frame_rate":"25/2","side_data_list":[{"rotation":-90}]}],"format":{"duration":"2.0"}}`, "25/2", 360, 640, 25, ""},
		{`{"streams":[{"codec_type":"video","width":8,"height":9,"avg_frame_rate":"10/1","r_frame_rate":"10/1","duration":"0.91"}]}`, "10/1", 8, 9, 10, ""},
		{`{"streams":[{"codec_type":"video","width":8,"height":9,"avg_frame_rate":"0/0","r_frame_rate":"1000/1"}],"format":{"duration":"2.0"}}`, "", 8, 9, -1, ""},
		{`{"streams":[{"codec_type":"video","width":8,"height":9,"avg_frame_rate":"1000/1","r_frame_rate":"1000/1"}]}`, "", 8, 9, -1, ""},
		{`{"streams":[{"codec_type":"video","width":8,"height":9,"avg_frame_rate":"300/1","r_frame_rate":"300/1"}]}`, "300/1", 8, 9, -1, ""},
		{`{"streams":[{"codec_type":"video","width":8,"height":9,"avg_frame_rate":"nan/1","r_frame_rate":"1/0"}]}`, "", 8, 9, -1, ""},
		{`{"streams":[{"codec_type":"video","width":1,"height":1,"disposition":{"attached_pic":1}},{"codec_type":"audio"},{"codec_type":"video","width":8,"height":9}]}`, "", 8, 9, -1, ""},
		{`{"streams":[]}`, "", 0, 0, 0, "no video"},
		{`{"streams":[{"codec_type":"audio"},{"codec_type":"video","disposition":{"attached_pic":1}}]}`, "", 0, 0, 0, "no video"},
		{`{"streams":[{"codec_type":"video","width":0,"height":8}]}`, "", 0, 0, 0, "0x8"},
		{`{"streams":[{"codec_type":"video","width":8,"height":9999999}]}`, "", 0, 0, 0, "8x9999999"},
		{`nonsense`, "", 0, 0, 0, "answer"},
	} {
		v, err := parse([]byte(c.json))
		if c.says != "" {
			require.ErrorContains(t, err, c.says)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, [3]int{c.width, c.height, c.frames}, [3]int{v.Width, v.Height, v.Frames}, c.json)
		require.Equal(t, c.rate != "", v.rate != nil, c.json)
		if v.rate != nil {
			require.Equal(t, c.rate, v.rate.String())
		}
	}
	v, err := parse([]byte(`{"streams":[{"codec_type":"video","width":8,"height":9},{"codec_type":"video","width":9,"height":9}]}`))
	require.NoError(t, err)
	require.Len(t, v.Notes, 1)
	for tag, alpha := range map[string]bool{`"alpha_mode":"1"`: true, `"ALPHA_MODE":"1"`: true, `"alpha_mode":"0"`: false, `"mode":"1"`: false} {
		v, err := parse([]byte(`{"streams":[{"codec_type":"video","width":8,"height":9,"pix_fmt":"yuv420p","tags":{` + tag + `}}]}`))
		require.NoError(t, err)
		require.Equal(t, alpha, v.alpha, tag)
	}
	v, err = parse([]byte(`{"streams":[{"codec_type":"video","width":8,"height":9,"side_data_list":[{"dv_profile":5}]}]}`))
	require.NoError(t, err)
	require.ErrorContains(t, v.convert(t.Context()), "Dolby Vision")
}
