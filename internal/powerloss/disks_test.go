package powerloss

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// disks lists all disks that may be there at any moment, with what was said, each file
// as name=content, of which long ones are told by their whole blocks.
func disks(t *testing.T, before Disk, ops ...Op) (list []string) {
	require.NoError(t, Crashes(before, ops, func(said string, d Disk) error {
		what := []string{said}
		for _, name := range slices.Sorted(maps.Keys(d)) {
			content := string(d[name])
			if len(content) > 20 {
				content = ""
				for b := range slices.Chunk(d[name], block) {
					content += string(b[len(b)-1])
				}
			}
			what = append(what, name+"="+content)
		}
		w := strings.Join(what, " ")
		require.NotContains(t, list, w, "each once")
		list = append(list, w)
		return nil
	}))
	return list
}

func write(path string, at int64, data string) Op {
	return Op{Kind: Write, Path: path, Offset: at, Data: []byte(data)}
}

// TestNames follows files through their names.
func TestNames(t *testing.T) {
	move := Op{Kind: Rename, Path: "t", To: "f"}
	sync := Op{Kind: Sync, Path: "."}
	say := func(s string) Op { return Op{Kind: Say, Data: []byte(s)} }
	require.Equal(t, []string{" t=new", " f=new"}, disks(t, Disk{"t": []byte("new")}, move, sync))
	require.Equal(t, []string{" f=old", "", "a", "ab"},
		disks(t, Disk{"f": []byte("old")}, Op{Kind: Remove, Path: "f"}, sync, say("a"), say("b")))
	require.ElementsMatch(t, []string{" d/f=1", "", " d/f=1 f=", " f=", "done d/f=1 f=", "done f="},
		disks(t, Disk{"d/f": []byte("1")}, Op{Kind: Remove, Path: "d/f"}, Op{Kind: Create, Path: "f"}, sync, say("done")), "a flush is of one folder")

	// Of two names that were given, the second may be there without the first.
	require.ElementsMatch(t, []string{" f=1 t=2", " f=2", ""},
		disks(t, Disk{"f": []byte("1"), "t": []byte("2")}, move, Op{Kind: Remove, Path: "f"}))
	again := disks(t, Disk{"a": []byte("1")}, Op{Kind: Remove, Path: "a"}, Op{Kind: Create, Path: "a"}, Op{Kind: Rename, Path: "a", To: "b"})
	require.Contains(t, again, " a=1 b=")

	// Nothing is done to a name that is gone.
	for _, op := range []Op{move, {Kind: Remove, Path: "t"}} {
		for _, next := range []Op{write("t", 0, "x"), {Kind: Truncate, Path: "t"}, {Kind: Rename, Path: "t", To: "g"}, {Kind: Remove, Path: "t"}} {
			err := Crashes(Disk{"t": nil}, []Op{op, next}, func(string, Disk) error { return nil })
			require.ErrorContains(t, err, "of t, which is not there")
		}
	}
}

// TestContents writes at offsets, and beyond the end.
func TestContents(t *testing.T) {
	old := Disk{"f": []byte("old!")}
	require.Contains(t, disks(t, old, write("f", 2, "dest")), " f=oldest")
	require.Contains(t, disks(t, old, write("f", 4, "!")), " f=old!!")
	require.Contains(t, disks(t, old, write("f", 6, "!")), " f=old!\x00\x00!")
	require.Equal(t, []string{" f=old!", " f=ol"}, disks(t, old, Op{Kind: Truncate, Path: "f", Offset: 2}))
	require.Equal(t, []byte("old!"), old["f"], "what was before stays as it was")
}

// TestParts wants every choice of what has reached the disk that Crashes names.
func TestParts(t *testing.T) {
	var ops []Op
	for i := range 6 {
		ops = append(ops, Op{Kind: Create, Path: string(rune('a' + i))})
	}
	names := func(list []string) (all []string) {
		for _, w := range list {
			all = append(all, strings.NewReplacer(" ", "", "=", "").Replace(w))
		}
		return all
	}
	all := names(disks(t, Disk{}, ops...))
	random := false
	for i := range 6 {
		require.Contains(t, all, "abcdef"[i:i+1], "only one")
		require.Contains(t, all, "abcdef"[:i]+"abcdef"[i+1:], "all but one")
		require.Contains(t, all, "abcdef"[:i+1], "all")
	}
	for _, s := range all {
		random = random || len(s) >= 2 && int(s[len(s)-1]-'a')+1-len(s) >= 2
	}
	require.True(t, random, "some")
	flushed := disks(t, Disk{"g": []byte("old!")}, append(ops, write("g", 0, "new"), write("g", 3, "?"), Op{Kind: Sync, Path: "g"})...)
	require.Contains(t, flushed, " g=new?", "none of what was not flushed")

	// Of two long writes either may be torn, blocks are single, and all may be whole.
	const whole = "xxxxxxxx"
	long := strings.Repeat("x", len(whole)*block)
	list := disks(t, Disk{"f": nil, "g": nil}, write("f", 0, long), write("g", 0, long))
	require.Contains(t, list, fmt.Sprintf(" f=%s g=%s", whole, whole))
	torn := func(s string) bool { return strings.Contains(s, "x") && strings.Contains(s, "\x00") }
	first, second := false, false
	for _, w := range list {
		f, g, _ := strings.Cut(w, " g=")
		first, second = first || torn(f) && g == whole, second || torn(g) && f == " f="+whole
	}
	require.True(t, first && second, "one is torn and the other whole")

	// A block is the disk's, wherever a write begins in it.
	list = disks(t, Disk{"f": []byte(strings.Repeat("-", 9*block))}, write("f", block/2, long))
	odd := false
	for _, w := range list {
		odd = odd || strings.Count(w, "x")%2 == 1 && strings.Contains(strings.TrimSuffix(w, "-"), "-")
		require.True(t, strings.HasSuffix(w, "-"), "the last half block was not written")
	}
	require.True(t, odd, "some blocks of it")
}

// TestParseNames follows files through their names and descriptors.
func TestParseNames(t *testing.T) {
	log := `7 openat(AT_FDCWD</w>, "/d/f", O_RDWR|O_CREAT, 0666) = 5</d/f>
7 write(5</d/f>, "\x61\x62", 2) = 2
7 openat(AT_FDCWD</w>, "/d/f", O_RDWR|O_CREAT, 0666) = 5</d/f>
7 write(5</d/f>, "\x63", 1) = 1
7 fdatasync(5</d/f>) = 0
7 rename("/d/f", "/d/h") = 0
7 openat(AT_FDCWD</w>, "/d/h", O_RDWR|O_CREAT, 0666) = 6</d/h>
7 openat(AT_FDCWD</w>, "/d/f", O_RDWR|O_CREAT, 0666) = 6</d/f>
7 unlink("/d/f") = 0
7 unlink("/dd/f") = 0
7 rename("/d/h", "/e/h") = -1 EXDEV (Invalid cross-device link)
7 openat(AT_FDCWD</w>, "/d/f", O_RDWR|O_CREAT, 0666) = 6</d/f>
7 openat(AT_FDCWD</w>, "/d/old", O_RDWR|O_CREAT, 0666) = 6</d/old>
`
	ops, err := parse(log, "/d", Disk{"old": nil})
	require.NoError(t, err)
	require.Equal(t, []Op{
		{Kind: Create, Path: "f"}, write("f", 0, "ab"), write("f", 0, "c"), {Kind: Sync, Path: "f"},
		{Kind: Rename, Path: "f", To: "h"}, {Kind: Create, Path: "f"}, {Kind: Remove, Path: "f"}, {Kind: Create, Path: "f"},
	}, ops)
	for want, line := range map[string]string{
		"O_APPEND":     `7 openat(AT_FDCWD</w>, "/d/f", O_WRONLY|O_APPEND) = 5</d/f>`,
		"2 bytes of 1": `7 write(5</d/f>, "\x61\x62", 2) = 1`,
	} {
		_, err := parse(line+"\n", "/d", Disk{"f": nil})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "in ")
	}
}
