package movie

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// picture and tone are inputs of a clip with sound.
var (
	picture = []string{"-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=0.5"}
	tone    = []string{"-f", "lavfi", "-i", "sine=duration=0.5"}
)

func arguments(parts ...[]string) (all []string) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// TestSound wants the sound copied where the container takes it, and otherwise
// encoded.
func TestSound(t *testing.T) {
	for _, c := range []struct {
		in, out, want, says string
		options             []string
	}{
		{"camera.mov", "out.mp4", "aac", "becomes AAC", []string{"-c:a", "pcm_s16le"}},
		{"camera.mov", "out.mkv", "pcm_s16le", "", []string{"-c:a", "pcm_s16le"}},
		{"in.mkv", "out.mp4", "aac", "becomes AAC", []string{"-c:a", "flac"}},
		{"in.webm", "out.mov", "aac", "becomes AAC", []string{"-c:v", "libvpx", "-c:a", "libopus"}},
		{"in.mp4", "out.mp4", "aac", "", []string{"-c:a", "aac"}},
		{"in.mp4", "out.avi", "mp3", "becomes MP3", []string{"-c:a", "aac"}},
		{"in.mkv", "out.webm", "opus", "becomes Opus", []string{"-c:a", "ac3", "-channel_layout", "5.1(side)", "-ac", "6"}},
		{"in.mkv", "out.avi", "mp3", "becomes MP3", []string{"-c:a", "flac", "-ac", "6"}},
	} {
		in := clip(t, c.in, arguments(picture, tone, c.options)...)
		file, notes := remake(t, in, c.out, Common)
		s := look(t, file)
		require.Len(t, s.Streams, 2)
		require.Equal(t, "audio "+c.want, s.kinds()[1], "%s to %s", c.in, c.out)
		if c.says == "" {
			require.Empty(t, notes)
			continue
		}
		require.Len(t, notes, 1)
		require.Contains(t, notes[0], c.says)
	}
}

// TestUnknownSound has a second track of a codec that ffmpeg does not know, as
// phones record it.
func TestUnknownSound(t *testing.T) {
	in := clip(t, "phone.mp4", arguments(picture, tone, tone, []string{"-map", "0", "-map", "1", "-map", "2", "-c:a", "aac"})...)
	data, err := os.ReadFile(in)
	require.NoError(t, err)
	at := bytes.LastIndex(data, []byte("mp4a"))
	copy(data[at:], "apac")
	at += bytes.Index(data[at:], []byte("esds"))
	copy(data[at:], "xxxx") // which would tell the codec too
	require.NoError(t, os.WriteFile(in, data, 0o666))
	file, notes := remake(t, in, "out.mp4", Common)
	require.Equal(t, []string{"video h264", "audio aac"}, look(t, file).kinds())
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "apac")
	require.Contains(t, notes[0], "left out: ffmpeg does not know its codec")
}

// TestSoundThatFails wants a video although what the probe promised does not hold:
// each track has its ways tried, and is left out if none works.
func TestSoundThatFails(t *testing.T) {
	in := clip(t, "in.mkv", arguments(picture, tone, tone, []string{"-map", "0", "-map", "1", "-map", "2", "-c:v", "mpeg4", "-c:a:0", "flac", "-c:a:1", "mp3"})...)
	v, err := Probe(t.Context(), in)
	require.NoError(t, err)
	pictures := clip(t, "pictures.mp4", append(picture, "-c:v", "mpeg4")...)
	v.streams[1].Codec = "aac" // so that copying it is tried, which fails in a m4v
	out := filepath.Join(t.TempDir(), "out.m4v")
	notes, err := v.Finish(t.Context(), pictures, out)
	require.NoError(t, err)
	require.Equal(t, []string{"video mpeg4", "audio aac", "audio aac"}, look(t, out).kinds())
	require.Len(t, notes, 2)

	v.streams[2].Index = 77 // a track that is not there
	notes, err = v.Finish(t.Context(), pictures, out)
	require.NoError(t, err)
	require.Equal(t, []string{"video mpeg4", "audio aac"}, look(t, out).kinds())
	require.Contains(t, strings.Join(notes, "\n"), "track 77")

	v.path += ".gone"
	_, err = v.Finish(t.Context(), pictures, out)
	require.ErrorContains(t, err, "ffmpeg could not add the sound")
}

// TestTracks keeps languages, subtitles, chapters and titles.
func TestTracks(t *testing.T) {
	dir := t.TempDir()
	subtitles := filepath.Join(dir, "s.srt")
	require.NoError(t, os.WriteFile(subtitles, []byte("1\n00:00:00,000 --> 00:00:00,400\nHello\n"), 0o666))
	chapters := filepath.Join(dir, "meta")
	require.NoError(t, os.WriteFile(chapters, []byte(";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=200\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=200\nEND=500\ntitle=Two\n"), 0o666))
	in := clip(t, "in.mkv", arguments(picture, tone, tone, []string{"-i", subtitles, "-i", chapters, "-attach", chapters, "-metadata:s:t", "mimetype=font/ttf",
		"-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map_metadata", "4", "-c:v", "ffv1", "-c:a:0", "ac3", "-c:a:1", "flac", "-c:s", "srt",
		"-metadata:s:a:0", "language=fre", "-metadata:s:a:1", "language=ger", "-metadata:s:s:0", "language=eng"})...)
	for out, want := range map[string][]string{
		"out.mkv":  {"video h264", "audio ac3", "audio flac", "subtitle subrip", "attachment "},
		"out.mp4":  {"video h264", "audio ac3", "audio aac", "subtitle mov_text"},
		"out.webm": {"video vp9", "audio opus", "audio opus", "subtitle webvtt"},
		"out.avi":  {"video mpeg4", "audio ac3", "audio mp3"},
	} {
		file, notes := remake(t, in, out, Common)
		s := look(t, file)
		var kinds []string
		for _, k := range s.kinds() {
			if !strings.HasPrefix(k, "data") { // QuickTime's track of chapters
				kinds = append(kinds, k)
			}
		}
		require.Equal(t, want, kinds)
		title := s.Format.Tags["title"] + s.Format.Tags["TITLE"]
		require.Equal(t, "A film", title, out)
		if out == "out.avi" {
			require.Contains(t, strings.Join(notes, "\n"), `track 3 (subtitle, "subrip") is left out`)
			continue
		}
		require.Equal(t, "fre", s.Streams[1].Tags["language"], out)
		require.Equal(t, "ger", s.Streams[2].Tags["language"], out)
		require.Equal(t, "eng", s.Streams[3].Tags["language"], out)
		require.Len(t, s.Chapters, 2)
		require.Equal(t, "Two", s.Chapters[1].Tags["title"])
	}
}
