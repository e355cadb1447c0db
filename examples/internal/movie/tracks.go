package movie

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// container is what a kind of file takes besides pictures.
type container struct {
	copied   []string // codecs of sound; a final * stands for any ending
	sound    way      // for other sound
	text     string   // the codec of subtitles that are text, if there are any
	pictures []string // codecs of subtitles that are pictures
	fonts    bool     // attachments
}

// way is one way to put a track into a file: ffmpeg's options, in which %s stands for
// the track, and a note unless nothing changes.
type way struct {
	options []string
	note    string
}

var (
	copied = way{options: []string{"-c:%s", "copy"}}
	aac    = way{[]string{"-c:%s", "aac"}, "becomes AAC"}
	mp3    = way{[]string{"-c:%s", "libmp3lame", "-ac:%s", "2"}, "becomes MP3"}
	// libopus refuses the layouts that it has no order for.
	opus = way{[]string{"-c:%s", "libopus", "-filter:%s", "aformat=channel_layouts=7.1|5.1|stereo|mono"}, "becomes Opus"}
)

var containers = map[string]container{
	".mp4":  {copied: []string{"aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus"}, sound: aac, text: "mov_text"},
	".m4v":  {copied: []string{"aac", "alac", "ac3"}, sound: aac, text: "mov_text"},
	".mov":  {copied: []string{"aac", "mp3", "ac3", "eac3", "alac", "pcm_*"}, sound: aac, text: "mov_text"},
	".mkv":  {copied: []string{"*"}, sound: aac, text: "srt", pictures: []string{"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}, fonts: true},
	".webm": {copied: []string{"opus", "vorbis"}, sound: opus, text: "webvtt"},
	".avi":  {copied: []string{"mp3", "mp2", "ac3", "pcm_s16le", "pcm_u8"}, sound: mp3},
}

// texts are the codecs of subtitles that are text.
var texts = []string{"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"}

func (c container) copies(codec string) bool {
	return slices.ContainsFunc(c.copied, func(s string) bool {
		start, any := strings.CutSuffix(s, "*")
		return s == codec || any && strings.HasPrefix(codec, start)
	})
}

// ways returns the ways to put s into the container, the best first, or why there is
// none.
func (c container) ways(ending string, s *stream) (ways []way, why string) {
	switch {
	case s.Type == "audio" && c.sound.options == nil:
		return nil, ending + " files have no sound"
	case s.unknown():
		return nil, "ffmpeg does not know its codec"
	case s.Type == "audio" && c.copies(s.Codec):
		return []way{copied, c.sound}, ""
	case s.Type == "audio":
		return []way{c.sound}, ""
	case s.Type == "subtitle" && slices.Contains(texts, s.Codec) && c.text != "":
		if ending == ".mkv" && s.Codec != "mov_text" && s.Codec != "text" { // which takes most
			return []way{copied}, ""
		}
		return []way{{options: []string{"-c:%s", c.text}}}, ""
	case s.Type == "subtitle" && slices.Contains(c.pictures, s.Codec), s.Type == "attachment" && c.fonts:
		return []way{copied}, ""
	}
	return nil, ending + " files cannot take it"
}

func (s *stream) unknown() bool {
	return (s.Codec == "" || s.Codec == "none" || s.Codec == "unknown") && s.Type != "attachment"
}

// track is a track of a source on its way into a file.
type track struct {
	*stream
	ways []way
}

// String names a track for messages.
func (s *stream) String() string {
	name := s.Codec
	if s.unknown() {
		name = s.Tag
	}
	return fmt.Sprintf("track %d (%s, %.40q)", s.Index, s.Type, name)
}

// tracks decides what of v goes into a file with this ending; the notes name the rest.
func (v *Info) tracks(ending string) (kept []*track, notes []string) {
	for _, s := range v.streams {
		if s == v.video || s.Type == "video" && s.Disposition.Attached == 0 { // of which Notes speak
			continue
		}
		ways, why := containers[ending].ways(ending, s)
		if ways == nil {
			notes = append(notes, fmt.Sprintf("%v is left out: %s", s, why))
			continue
		}
		kept = append(kept, &track{s, ways})
	}
	return kept, notes
}

// Finish makes the file out of the pictures of the video file pictures, which is
// used up, and of v's sound, subtitles, chapters and metadata, as far as out can hold
// them. They never cost the video: what cannot be copied is encoded, what cannot be
// encoded is left out. It returns sentences about both.
func (v *Info) Finish(ctx context.Context, pictures, out string) (notes []string, err error) {
	kept, notes := v.tracks(ending(out))
	if _, ok := containers[ending(out)]; !ok {
		return notes, os.Rename(pictures, out)
	}
	if err = v.mux(ctx, pictures, out, kept); err != nil && ctx.Err() == nil {
		// Each on its own, to find those that are at fault.
		kept = slices.DeleteFunc(kept, func(t *track) bool { return !v.settle(ctx, pictures, out, t, &notes) })
		err = v.mux(ctx, pictures, out, kept)
	}
	if err != nil && ctx.Err() == nil {
		notes = append(notes, fmt.Sprintf("all of its other tracks are left out: %v", err))
		kept, err = nil, v.mux(ctx, pictures, out, nil)
	}
	for _, t := range kept {
		if note := t.ways[0].note; note != "" {
			notes = append(notes, fmt.Sprintf("%v %s", t.stream, note))
		}
	}
	return notes, err
}

// settle leaves t the ways from the first that works on; it reports whether there is
// one, else says why not.
func (v *Info) settle(ctx context.Context, pictures, out string, t *track, notes *[]string) bool {
	var err error
	for ; len(t.ways) > 0; t.ways = t.ways[1:] {
		if err = v.mux(ctx, pictures, out, []*track{t}); err == nil {
			return true
		}
	}
	*notes = append(*notes, fmt.Sprintf("%v is left out: %v", t.stream, err))
	return false
}

// mux makes out of the pictures and the tracks in the first of their ways.
func (v *Info) mux(ctx context.Context, pictures, out string, kept []*track) error {
	args := []string{"-y", "-i", File(pictures), "-i", File(v.path), "-map", "0:v:0", "-map_metadata", "1", "-map_chapters", "1", "-c:v", "copy"}
	count := map[string]int{}
	for _, t := range kept {
		kind := map[string]string{"audio": "a", "subtitle": "s", "attachment": "t"}[t.Type]
		args = append(args, "-map", fmt.Sprintf("1:%d", t.Index))
		for i, o := range t.ways[0].options {
			if i%2 == 0 {
				o = fmt.Sprintf(o, fmt.Sprintf("%s:%d", kind, count[kind]))
			}
			args = append(args, o)
		}
		count[kind]++
	}
	return Run(ctx, "", "add the sound", append(args, File(out))...)
}
