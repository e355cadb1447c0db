package powerloss

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// outcomes lists what the file "f" may hold, and whether there is one, at any moment.
func outcomes(t *testing.T, before Disk, ops ...Op) (list []string) {
	require.NoError(t, Crashes(before, ops, func(said string, d Disk) error {
		what := "none"
		if b, ok := d["f"]; ok {
			what = string(b)
			if len(b) > 20 {
				what = fmt.Sprint(len(b), strings.Count(string(b), "x")/block)
			}
		}
		if !slices.Contains(list, what) {
			list = append(list, what)
		}
		return nil
	}))
	slices.Sort(list)
	return list
}

func TestCrashes(t *testing.T) {
	create, write := Op{Kind: Create, Path: "f"}, Op{Kind: Write, Path: "f", Data: []byte("new")}
	old := Disk{"f": []byte("old!")}
	const zeros = "\x00\x00\x00" // the length arrived before the data
	require.Equal(t, []string{"", zeros, "new", "none"}, outcomes(t, Disk{}, create, write))
	require.Equal(t, []string{"", zeros, "new", "none"}, outcomes(t, Disk{}, create, write, Op{Kind: Sync, Path: "f"}), "its name is not there yet")
	require.Equal(t, []string{"new!", "old!"}, outcomes(t, old, write))
	require.Equal(t, []string{"", "\x00\x00\x00\x00", "old!"}, outcomes(t, old, Op{Kind: Truncate, Path: "f"}, Op{Kind: Truncate, Path: "f", Offset: 4}), "cut and grown")

	// The way to replace a file, without each of its flushes.
	tmp := []Op{{Kind: Create, Path: "t"}, {Kind: Write, Path: "t", Data: []byte("new")}}
	file, dir := Op{Kind: Sync, Path: "t"}, Op{Kind: Sync, Path: "."}
	rename := Op{Kind: Rename, Path: "t", To: "f"}
	require.Equal(t, []string{"new", "old!"}, outcomes(t, old, append(tmp, file, rename, dir)...))
	require.Equal(t, []string{"", zeros, "new", "old!"}, outcomes(t, old, append(tmp, rename, dir)...))
	after := func(ops ...Op) (list []string) {
		ops = append(ops, Op{Kind: Say, Data: []byte("done")})
		require.NoError(t, Crashes(old, ops, func(said string, d Disk) error {
			if said == "done" && !slices.Contains(list, string(d["f"])) {
				list = append(list, string(d["f"]))
			}
			return nil
		}))
		slices.Sort(list)
		return list
	}
	require.Equal(t, []string{"new"}, after(append(tmp, file, rename, dir)...))
	require.Equal(t, []string{"new", "old!"}, after(append(tmp, file, rename)...))

	// A long write may arrive in part.
	long := Op{Kind: Write, Path: "f", Data: []byte(strings.Repeat("x", 8*block))}
	torn := outcomes(t, old, long)
	require.Greater(t, len(torn), 2)
	require.Contains(t, torn, "old!")
	require.Contains(t, torn, fmt.Sprint(8*block, 8))

	broken := errors.New("broken")
	require.ErrorIs(t, Crashes(old, []Op{write}, func(string, Disk) error { return broken }), broken)
	require.ErrorContains(t, Crashes(Disk{}, []Op{write}, func(string, Disk) error { return nil }), "not there")
}

func TestParse(t *testing.T) {
	log := `7 openat(AT_FDCWD</w>, "/d/f", O_RDWR|O_CREAT|O_CLOEXEC, 0666) = 5</d/f>
8 write(5</d/f>, "\x61\x62", 2 <unfinished ...>
7 write(1</dev/null>, "\x68\x69", 2) = 2
8 <... write resumed>) = 2
7 write(5<\x2f\x64\x2f\x66>, "\x63", 1) = 1
7 lseek(5</d/f>, 1, SEEK_SET) = 1
7 pwrite64(5</d/f>, "\x64", 1, 9) = 1
7 write(5</d/f>, "\x65", 1) = 1
7 ftruncate(5</d/f>, 2) = 0
7 openat(AT_FDCWD</w>, "\x2f\x64\x2f\x67", O_RDWR|O_CREAT|O_TRUNC, 0666) = 6</d/g>
7 openat(AT_FDCWD</w>, "/elsewhere/f", O_RDWR|O_CREAT, 0666) = 7</elsewhere/f>
7 write(7</elsewhere/f>, "\x65", 1) = 1
7 fsync(5</d/f>) = 0
7 fsync(8</d>) = 0
7 fsync(5</d/f>) = -1 EIO (Input/output error)
7 renameat(AT_FDCWD</w>, "/d/f", AT_FDCWD</w>, "/d/h") = 0
7 unlinkat(AT_FDCWD</w>, "/d/h", 0) = 0
7 +++ exited with 0 +++
`
	ops, err := parse(log, "/d", Disk{"g": nil})
	require.NoError(t, err)
	b := func(s string) []byte { return []byte(s) }
	require.Equal(t, []Op{
		{Kind: Create, Path: "f"}, {Kind: Say, Data: b("hi")}, {Kind: Write, Path: "f", Data: b("ab")},
		{Kind: Write, Path: "f", Offset: 2, Data: b("c")}, {Kind: Write, Path: "f", Offset: 9, Data: b("d")},
		{Kind: Write, Path: "f", Offset: 1, Data: b("e")}, {Kind: Truncate, Path: "f", Offset: 2},
		{Kind: Truncate, Path: "g"}, {Kind: Sync, Path: "f"}, {Kind: Sync, Path: "."},
		{Kind: Rename, Path: "f", To: "h"}, {Kind: Remove, Path: "h"},
	}, ops)
}
