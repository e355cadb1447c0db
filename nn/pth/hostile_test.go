package pth

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
)

// zipFile packs a pickle with valid checksums, as an attacker would, and a
// storage "0" with the floats 0 to 3.
func zipFile(t testing.TB, pickle []byte, method uint16) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, content []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: method})
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	var floats []byte
	for i := range 4 {
		floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(float32(i)))
	}
	add("data.pkl", pickle)
	add("data/0", floats)
	add("version", []byte("3\n"))
	require.NoError(t, z.Close())
	return b.Bytes()
}

// assemble concatenates pickle code: a byte or int is an opcode or byte, a string
// is itself, a func writes with a pickler.
func assemble(parts ...any) []byte {
	p := pickler{opProto, 2}
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			p = append(p, part...)
		case int:
			p = append(p, byte(part))
		case rune:
			p = append(p, byte(part))
		case []byte:
			p = append(p, part...)
		case func(*pickler):
			part(&p)
		default:
			panic(fmt.Sprintf("%T", part))
		}
	}
	return p
}

// tensorPickle is the pickle of {"w": tensor} whose tensor is as described; the
// values are those of a valid one unless changed by the caller.
type tensorPickle struct {
	tag, class, key, device string
	numel, offset           any
	shape, stride           []int
	function                string
}

func valid() tensorPickle {
	return tensorPickle{"storage", "torch\nFloatStorage", "0", "cpu", 4, 0, []int{2, 2}, []int{2, 1}, "torch._utils\n_rebuild_tensor_v2"}
}

func (s tensorPickle) tensor() []byte {
	var p pickler
	number := func(v any) {
		switch v := v.(type) {
		case int:
			p.long(int64(v))
		case string: // bytes of a LONG1
			p.op(opLong1, byte(len(v)))
			p = append(p, v...)
		case nil:
			p.op(opNone)
		}
	}
	p = append(p, "c"+s.function+"\n(("...)
	p.str(s.tag)
	p = append(p, "c"+s.class+"\n"...)
	p.str(s.key)
	p.str(s.device)
	number(s.numel)
	p.op(opTuple, opBinPersID)
	number(s.offset)
	for _, dims := range [][]int{s.shape, s.stride} {
		p.op(opMark)
		for _, d := range dims {
			p.long(int64(d))
		}
		p.op(opTuple)
	}
	p.op(opNewFalse)
	p.global("collections", "OrderedDict")
	p.op(opEmptyTuple, opReduce, opTuple, opReduce)
	return p
}

func (p *pickler) long(n int64) {
	p.op(opLong1, 8)
	*p = binary.LittleEndian.AppendUint64(*p, uint64(n))
}

func str(s string) func(*pickler) { return func(p *pickler) { p.str(s) } }

func (s tensorPickle) pickle() []byte {
	return assemble(opEmptyDict, str("w"), s.tensor(), opSetItem, opStop)
}

func with(change func(*tensorPickle)) []byte {
	s := valid()
	change(&s)
	return s.pickle()
}

// hostile returns pickles that must be refused, by what they try.
func hostile() map[string][]byte {
	call := func(module, function, argument string) []byte {
		return assemble("c"+module+"\n"+function+"\n", str(argument), opTuple1, opReduce, opStop)
	}
	const million = 1_000_000
	bomb := []any{opEmptyList, opBinPut, 0} // billion laughs
	for i := 1; i < 100; i++ {
		bomb = append(bomb, opEmptyList, opBinPut, i, opMark)
		for range 100 {
			bomb = append(bomb, opBinGet, i-1)
		}
		bomb = append(bomb, opAppends) // the stack below keeps the smaller ones
	}
	var puts []byte
	for i := range uint32(million) {
		puts = binary.LittleEndian.AppendUint32(append(puts, opLongBinPut), i)
	}
	return map[string][]byte{
		// Code.
		"os.system":            call("os", "system", "id"),
		"posix.system":         call("posix", "system", "id"),
		"subprocess.Popen":     call("subprocess", "Popen", "id"),
		"eval":                 call("__builtin__", "eval", "1"),
		"exec":                 call("builtins", "exec", "1"),
		"getattr":              assemble("cbuiltins\ngetattr\n", str("a"), str("b"), opTuple2, opReduce, opStop),
		"import":               call("builtins", "__import__", "os"),
		"open":                 call("io", "open", "/etc/passwd"),
		"runpy":                call("runpy", "_run_code", "x"),
		"torch.load":           call("torch.storage", "_load_from_bytes", "x"),
		"torch.hub":            call("torch.hub", "load", "x"),
		"whole module":         call("torch.nn.modules.conv", "Conv2d", "x"),
		"dotted global":        call("torch", "_utils._rebuild_tensor_v2.__globals__", "x"),
		"prefix of a global":   call("torch", "FloatStorage2", "x"),
		"class by NEWOBJ":      assemble("csubprocess\nPopen\n", opEmptyTuple, opNewObj, opStop),
		"storage called":       call("torch", "FloatStorage", "/etc/passwd"),
		"INST":                 assemble("(ios\nsystem\n."),
		"OBJ":                  assemble("(", str("os"), "o."),
		"EXT1":                 assemble(0x82, 1, opStop),
		"EXT2":                 assemble(0x83, 1, 0, opStop),
		"EXT4":                 assemble(0x84, 1, 0, 0, 0, opStop),
		"PERSID":               assemble("Pstorage\n."),
		"STACK_GLOBAL":         []byte("\x80\x04\x8c\x02os\x8c\x06system\x93."),
		"protocol 0 eval":      []byte("c__builtin__\neval\n(S'1'\ntR."),
		"NEWOBJ_EX":            assemble(opEmptyDict, opEmptyTuple, opEmptyDict, 0x92, opStop),
		"BUILD of a global":    assemble("ccollections\nOrderedDict\n", opEmptyDict, opBuild, opStop),
		"called string":        assemble(str("os.system"), opEmptyTuple, opReduce, opStop),
		"STACK_GLOBAL of None": assemble(opNone, opNone, opStackGlobal, opStop),
		"STACK_GLOBAL, long":   assemble(str(strings.Repeat("a", million)), str("b"), opStackGlobal, opStop),
		"protocol 6":           append([]byte{opProto, 6}, valid().pickle()[2:]...),
		"frame beyond the end": append([]byte("\x80\x04\x95\xff\xff\x00\x00\x00\x00\x00\x00"), valid().pickle()[2:]...),
		"ADDITEMS to a list":   assemble(opEmptyList, opMark, opNone, opAddItems, opStop),
		// Bombs.
		"BINUNICODE 2^32-1": assemble("X\xff\xff\xff\xff.."),
		"BINUNICODE8 2^63":  assemble(0x8d, "\x00\x00\x00\x00\x00\x00\x00\x80", opStop),
		"BYTEARRAY8 2^63":   assemble(0x96, "\xff\xff\xff\xff\xff\xff\xff\x7f", opStop),
		"BINSTRING 2^31":    assemble("T\x00\x00\x00\x80.."),
		"LONG4 2^31":        assemble(0x8b, "\xff\xff\xff\x7f", opStop),
		"endless global":    assemble("c", strings.Repeat("a", million), "\n\n."),
		"deep lists":        assemble(bytes.Repeat([]byte{opEmptyList}, million), bytes.Repeat([]byte{opAppend}, million-1), opStop),
		"deep tuples":       assemble(opNone, bytes.Repeat([]byte{opTuple1}, million), opStop),
		"a million marks":   assemble(bytes.Repeat([]byte{opMark}, million), opStop),
		"a million memos":   assemble(opNone, puts, opStop),
		"memo bomb":         assemble(append(bomb, opStop)...),
		"memo 2^32-1 unset": assemble(opLongBinGet, "\xff\xff\xff\xff", opStop),
		"list in itself":    assemble(opEmptyList, opBinPut, 0, opBinGet, 0, opAppend, opStop),
		"endless recursion": assemble(opEmptyDict, opBinPut, 0, str("state_dict"), opBinGet, 0, opSetItem, opStop),
		// Tensors that are not there.
		"numel 2^62":          with(func(s *tensorPickle) { s.numel = 1 << 62 }),
		"numel 2^40":          with(func(s *tensorPickle) { s.numel = 1 << 40 }),
		"numel 2^80":          with(func(s *tensorPickle) { s.numel = strings.Repeat("\xff", 10) + "\x01" }),
		"numel -1":            with(func(s *tensorPickle) { s.numel = -1 }),
		"numel None":          with(func(s *tensorPickle) { s.numel = nil }),
		"numel 3":             with(func(s *tensorPickle) { s.numel = 3; s.shape = []int{3}; s.stride = []int{1} }),
		"storage missing":     with(func(s *tensorPickle) { s.key = "1" }),
		"storage outside":     with(func(s *tensorPickle) { s.key = "../../../etc/passwd" }),
		"storage is a pickle": with(func(s *tensorPickle) { s.key = "../data.pkl" }),
		"other element size":  with(func(s *tensorPickle) { s.class = "torch\nDoubleStorage" }),
		"not a storage":       with(func(s *tensorPickle) { s.tag = "module" }),
		"class not storage":   with(func(s *tensorPickle) { s.class = "collections\nOrderedDict" }),
		"offset -1":           with(func(s *tensorPickle) { s.offset = -1 }),
		"offset 1":            with(func(s *tensorPickle) { s.offset = 1 }),
		"offset 2^63-1":       with(func(s *tensorPickle) { s.offset = math.MaxInt }),
		"shape -1":            with(func(s *tensorPickle) { s.shape = []int{-1, 2} }),
		"shape 2^63":          with(func(s *tensorPickle) { s.shape = []int{1 << 62, 2} }),
		"shape 2^64":          with(func(s *tensorPickle) { s.shape = []int{1 << 32, 1 << 32}; s.stride = []int{0, 0} }),
		"stride -1":           with(func(s *tensorPickle) { s.stride = []int{2, -1} }),
		"stride 2^63-1":       with(func(s *tensorPickle) { s.stride = []int{math.MaxInt, 1} }),
		"expanded to 2^40":    with(func(s *tensorPickle) { s.shape = []int{1 << 40, 2}; s.stride = []int{0, 1} }),
		"ranks differ":        with(func(s *tensorPickle) { s.stride = []int{1} }),
		"rank 1000":           with(func(s *tensorPickle) { s.shape = slices.Repeat([]int{1}, 1000); s.stride = s.shape }),
		"no arguments":        assemble("ctorch._utils\n_rebuild_tensor_v2\n", opEmptyTuple, opReduce, opStop),
		"two kinds of storage": assemble(opEmptyDict, str("a"), valid().tensor(), opSetItem, str("b"), func(p *pickler) {
			s := valid()
			s.class = "torch\nIntStorage"
			*p = append(*p, s.tensor()...)
		}, opSetItem, opStop),
		// Not a state dict.
		"empty pickle":       {},
		"nothing":            assemble(opStop),
		"None":               assemble(opNone, opStop),
		"a tensor":           assemble(valid().tensor(), opStop),
		"no tensors":         assemble(opEmptyDict, str("a"), opNone, opSetItem, opStop),
		"name is a number":   assemble(opEmptyDict, opBinInt1, 1, valid().tensor(), opSetItem, opStop),
		"name twice":         assemble(opEmptyDict, str("w"), valid().tensor(), opSetItem, str("w"), valid().tensor(), opSetItem, opStop),
		"odd SETITEMS":       assemble(opEmptyDict, opMark, opNone, opSetItems, opStop),
		"SETITEM in a list":  assemble(opEmptyList, opNone, opNone, opSetItem, opStop),
		"APPEND to a dict":   assemble(opEmptyDict, opNone, opAppend, opStop),
		"rest on the stack":  assemble(opNone, valid().pickle()[2:]),
		"SETITEM below mark": assemble(opEmptyDict, str("w"), opMark, opSetItem, opStop),
		"no STOP":            bytes.TrimSuffix(valid().pickle(), []byte{opStop}),
		"an empty list":      assemble(opEmptyList, opStop),
		"OrderedDict of two": assemble("ccollections\nOrderedDict\n", opEmptyList, opEmptyList, opTuple2, opReduce, opStop),
		"view of a storage":  bytes.Replace(valid().pickle(), []byte{opTuple, opBinPersID}, []byte{opEmptyDict, opTuple, opBinPersID}, 1),
		"pairs of three":     assemble("ccollections\nOrderedDict\n", opNone, opNone, opNone, opTuple3, opTuple1, opTuple1, opReduce, opStop),
	}
}

// refused reports whether the error is one of those for bad files.
func refused(t testing.TB, err error) bool {
	if err == nil {
		return false
	}
	for _, kind := range []error{ErrCorrupt, ErrUnsafe, ErrTooLarge} {
		if errors.Is(err, kind) {
			return true
		}
	}
	t.Fatalf("an error of no kind: %v", err)
	return false
}

func TestHostile(t *testing.T) {
	cases := hostile()
	require.GreaterOrEqual(t, len(cases), 40)
	for what, pickle := range cases {
		for _, method := range []uint16{zip.Store, zip.Deflate} {
			file := zipFile(t, pickle, method)
			damagetest.Bounded(t, len(file), func() {
				_, err := Read(bytes.NewReader(file), int64(len(file)))
				require.True(t, refused(t, err), what)
				require.Less(t, len(err.Error()), 1000, what)
			})
		}
		if len(pickle) > 0 {
			file := append(legacyHead(), pickle...)
			damagetest.Bounded(t, len(file), func() {
				_, err := Read(bytes.NewReader(file), int64(len(file)))
				require.True(t, refused(t, err), what)
			})
		}
	}
	// The frame around them is sound.
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		file := zipFile(t, valid().pickle(), method)
		d, err := Read(bytes.NewReader(file), int64(len(file)))
		require.NoError(t, err)
		require.Equal(t, []float32{0, 1, 2, 3}, d[0].Data)
	}
}

// legacyHead is a legacy container up to its fourth pickle, the object.
func legacyHead() []byte {
	head, _, _ := bytes.Cut(legacyFile(nil), []byte("\x80\x02ccollections"))
	return head
}

// TestUnsafeNamed: whoever meets a file with code is told which.
func TestUnsafeNamed(t *testing.T) {
	for _, what := range []string{"os.system", "posix.system", "subprocess.Popen"} {
		file := zipFile(t, hostile()[what], zip.Store)
		_, err := Read(bytes.NewReader(file), int64(len(file)))
		require.ErrorIs(t, err, ErrUnsafe)
		require.ErrorContains(t, err, `"`+what+`"`)
	}
}

// TestZipBombs: archives that say or hold far more than their size.
func TestZipBombs(t *testing.T) {
	build := func(records func(add func(name string, content []byte))) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		records(func(name string, content []byte) {
			w, err := z.Create(name)
			require.NoError(t, err)
			_, err = w.Write(content)
			require.NoError(t, err)
		})
		require.NoError(t, z.Close())
		return b.Bytes()
	}
	s := valid()
	s.numel, s.shape, s.stride = 4<<20, []int{4 << 20}, []int{1}
	zeros := build(func(add func(string, []byte)) {
		add("archive/data.pkl", s.pickle())
		add("archive/data/0", make([]byte, 16<<20))
	})
	many := build(func(add func(string, []byte)) {
		add("archive/data.pkl", valid().pickle())
		for i := range 100_000 {
			add(fmt.Sprint(i), nil)
		}
	})
	nops := build(func(add func(string, []byte)) {
		add("archive/data.pkl", append(bytes.Repeat([]byte{opProto, 2}, 9<<20), valid().pickle()...))
	})
	for what, file := range map[string][]byte{"zeros": zeros, "many": many, "pickle": nops} {
		damagetest.Bounded(t, len(file), func() {
			_, err := Read(bytes.NewReader(file), int64(len(file)))
			require.ErrorIs(t, err, ErrTooLarge, what)
		})
	}
	double := build(func(add func(string, []byte)) {
		add("archive/data.pkl", valid().pickle())
		add("archive/data/0", make([]byte, 16))
		add("archive/data/0", make([]byte, 16))
	})
	_, err := Read(bytes.NewReader(double), int64(len(double)))
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestForeignZip(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	_, err := z.Create("word/document.xml")
	require.NoError(t, err)
	require.NoError(t, z.Close())
	_, err = Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "not one of torch.save")
}
