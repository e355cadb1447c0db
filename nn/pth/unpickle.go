package pth

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

const (
	maxPickle = 64 << 20 // bytes of one pickle: about 300,000 tensors
	maxDepth  = 1e6      // values on the stack, marks, and memo entries
	maxGlobal = 256      // bytes of "module.name", and of a number in decimal

	maxProtocol = 5

	// What a value costs at most: its box, and its place on the stack, in the memo
	// or in a container. Slices grow by a quarter when they are large, which sums
	// up to five times their length.
	valueCost = 192
	itemCost  = 5 * 16
)

// unpickler runs the opcodes that state dicts and what lies beside them need, of
// whatever protocol, and nothing that could call code.
type unpickler struct {
	r      *bufio.Reader
	off    int64 // bytes read, for messages and bounds
	end    int64 // where the data ends at the latest
	what   string
	budget *tensorio.Budget
	stack  []any
	marks  []int
	memo   map[uint64]any
	// storages collects the storages that were referred to, by key.
	storages map[string]*storage
}

func newUnpickler(r *bufio.Reader, off, end int64, what string, budget *tensorio.Budget) *unpickler {
	return &unpickler{r: r, off: off, end: min(end, off+maxPickle), what: what, budget: budget,
		memo: map[uint64]any{}, storages: map[string]*storage{}}
}

func (u *unpickler) corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s, byte %d: %s", ErrCorrupt, u.what, u.off, fmt.Sprintf(format, args...))
}

// bytes reads n bytes, valid until the next read if n is small.
func (u *unpickler) bytes(n int64) ([]byte, error) {
	if n < 0 || n > u.end-u.off {
		return nil, u.corrupt("%d more bytes are needed, %d are left", n, u.end-u.off)
	}
	if n <= 64 {
		b, err := u.r.Peek(int(n))
		if err != nil {
			return nil, u.short(err)
		}
		u.off += n
		u.r.Discard(int(n)) // cannot fail after Peek
		return b, nil
	}
	if err := u.budget.Take(2*n, "a string"); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(u.r, b); err != nil {
		return nil, u.short(err)
	}
	u.off += n
	return b, nil
}

func (u *unpickler) short(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return u.corrupt("it ends too early")
	}
	return fmt.Errorf("reading %s: %w", u.what, err)
}

// uint reads a little-endian unsigned integer of n bytes.
func (u *unpickler) uint(n int64) (uint64, error) {
	b, err := u.bytes(n)
	if err != nil {
		return 0, err
	}
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:]), nil
}

// line reads up to a newline, which it drops.
func (u *unpickler) line() (string, error) {
	var s []byte
	for len(s) <= maxGlobal {
		b, err := u.bytes(1)
		if err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(s), nil
		}
		s = append(s, b[0])
	}
	return "", u.corrupt("a line is longer than %d bytes", maxGlobal)
}

func (u *unpickler) push(v any) error {
	if len(u.stack) >= maxDepth {
		return u.corrupt("more than %d values on the stack", int(maxDepth))
	}
	if err := u.budget.Take(valueCost, u.what); err != nil {
		return err
	}
	u.stack = append(u.stack, v)
	return nil
}

func (u *unpickler) pop() (any, error) {
	floor := 0
	if len(u.marks) > 0 {
		floor = u.marks[len(u.marks)-1]
	}
	if len(u.stack) <= floor {
		return nil, u.corrupt("the stack is empty")
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v, nil
}

func (u *unpickler) top() (any, error) {
	v, err := u.pop()
	if err == nil {
		u.stack = append(u.stack, v)
	}
	return v, err
}

// popMark returns what was pushed since the last mark, valid until the next push.
func (u *unpickler) popMark() ([]any, error) {
	if len(u.marks) == 0 {
		return nil, u.corrupt("there is no mark")
	}
	at := u.marks[len(u.marks)-1]
	u.marks = u.marks[:len(u.marks)-1]
	items := u.stack[at:]
	u.stack = u.stack[:at]
	return items, nil
}

// load runs one pickle and returns its value.
func (u *unpickler) load() (any, error) {
	for {
		b, err := u.bytes(1)
		if err != nil {
			return nil, err
		}
		if b[0] == opStop {
			v, err := u.pop()
			if err == nil && (len(u.stack) > 0 || len(u.marks) > 0) {
				err = u.corrupt("values are left on the stack")
			}
			return v, err
		}
		if err := u.step(b[0]); err != nil {
			return nil, err
		}
	}
}

// step runs one opcode: first those that push a constant, then the others.
func (u *unpickler) step(op byte) error {
	switch op {
	case opNone:
		return u.push(nil)
	case opNewTrue:
		return u.push(true)
	case opNewFalse:
		return u.push(false)
	case opEmptyTuple:
		return u.push(tuple(nil))
	case opEmptyList:
		return u.push(&list{})
	case opEmptyDict:
		return u.push(&dict{})
	case opEmptySet:
		return u.push(&set{})
	case opBinInt1, opBinInt2, opBinInt:
		return u.smallInt(op)
	case opInt, opLong:
		return u.textInt(op)
	case opLong1:
		return u.long()
	case opBinFloat:
		b, err := u.bytes(8)
		if err != nil {
			return err
		}
		return u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case opBinUnicode, opBinString:
		return u.str(4)
	case opShortBinString, opShortBinUnicode:
		return u.str(1)
	case opBinUnicode8:
		return u.str(8)
	case opBinBytes:
		return u.skip(4)
	case opShortBinBytes:
		return u.skip(1)
	case opBinBytes8, opByteArray8:
		return u.skip(8)
	case opGlobal:
		return u.global()
	case opStackGlobal:
		return u.stackGlobal()
	default:
		return u.combine(op)
	}
}

// combine runs the opcodes that work on the stack and the memo.
func (u *unpickler) combine(op byte) error {
	switch op {
	case opProto:
		version, err := u.uint(1)
		if err == nil && version > maxProtocol {
			err = u.corrupt("pickle protocol %d, later than the known %d", version, maxProtocol)
		}
		return err
	case opFrame:
		n, err := u.uint(8)
		if err == nil && n > uint64(u.end-u.off) {
			err = u.corrupt("a frame of %d bytes, %d are left", n, u.end-u.off)
		}
		return err
	case opMark:
		if len(u.marks) >= maxDepth {
			return u.corrupt("more than %d marks", int(maxDepth))
		}
		u.marks = append(u.marks, len(u.stack))
		return u.budget.Take(valueCost, u.what)
	case opTuple:
		items, err := u.popMark()
		if err != nil {
			return err
		}
		return u.tuple(items)
	case opTuple1, opTuple2, opTuple3:
		n := int(op-opTuple1) + 1
		for range n { // checks that they are there
			if _, err := u.pop(); err != nil {
				return err
			}
		}
		return u.tuple(u.stack[len(u.stack) : len(u.stack)+n])
	case opAppend, opAppends, opSetItem, opSetItems:
		return u.fill(op)
	case opBinPut:
		return u.put(1)
	case opLongBinPut:
		return u.put(4)
	case opBinGet:
		return u.recall(1)
	case opLongBinGet:
		return u.recall(4)
	case opBinPersID:
		return u.persistent()
	case opReduce, opNewObj:
		return u.reduce()
	case opNewObjEx:
		if _, err := u.pop(); err != nil { // keyword arguments
			return err
		}
		return u.reduce()
	case opAddItems, opFrozenSet:
		return u.members(op)
	case opMemoize:
		return u.remember(uint64(len(u.memo)))
	case opBuild:
		return u.build()
	default:
		return u.corrupt("opcode %#02x has no place in a state dict", op)
	}
}

func (u *unpickler) tuple(items []any) error {
	if err := u.budget.Take(16*int64(len(items)), u.what); err != nil {
		return err
	}
	return u.push(append(tuple(nil), items...))
}

func (u *unpickler) smallInt(op byte) error {
	size := map[byte]int64{opBinInt1: 1, opBinInt2: 2, opBinInt: 4}[op]
	n, err := u.uint(size)
	if err != nil {
		return err
	}
	if op == opBinInt {
		return u.push(int64(int32(uint32(n))))
	}
	return u.push(int64(n))
}

func (u *unpickler) long() error {
	n, err := u.uint(1)
	if err != nil {
		return err
	}
	b, err := u.bytes(int64(n))
	if err != nil {
		return err
	}
	if n > 8 {
		return u.push(bigint(b))
	}
	var full [8]byte
	copy(full[:], b)
	v := int64(binary.LittleEndian.Uint64(full[:]))
	if shift := 64 - 8*n; n > 0 {
		v = v << shift >> shift // sign of the n bytes
	}
	return u.push(v)
}

func (u *unpickler) str(lengthSize int64) error {
	n, err := u.uint(lengthSize)
	if err != nil {
		return err
	}
	b, err := u.bytes(length(n))
	if err != nil {
		return err
	}
	return u.push(string(b))
}

// length returns n, or a length that is too long for any file.
func length(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// skip reads a bytes object without keeping it.
func (u *unpickler) skip(lengthSize int64) error {
	n, err := u.uint(lengthSize)
	if err != nil {
		return err
	}
	if length(n) > u.end-u.off {
		return u.corrupt("%d more bytes are needed, %d are left", n, u.end-u.off)
	}
	if _, err := io.CopyN(io.Discard, u.r, length(n)); err != nil {
		return u.short(err)
	}
	u.off += length(n)
	return u.push(blob{})
}

// textInt reads a number in decimal, or a boolean written as 00 or 01.
func (u *unpickler) textInt(op byte) error {
	line, err := u.line()
	if err != nil {
		return err
	}
	if op == opInt && (line == "00" || line == "01") {
		return u.push(line == "01")
	}
	if op == opLong {
		line = strings.TrimSuffix(line, "L")
	}
	n, err := strconv.ParseInt(line, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return u.push(bigint(line))
	}
	if err != nil {
		return u.corrupt("a number that is none")
	}
	return u.push(n)
}

// members adds what was pushed since the last mark to a set, or makes one of it.
func (u *unpickler) members(op byte) error {
	if _, err := u.popMark(); err != nil {
		return err
	}
	if op == opFrozenSet {
		return u.push(&set{})
	}
	target, err := u.top()
	if _, ok := target.(*set); err == nil && !ok {
		err = u.corrupt("ADDITEMS to a %s", kind(target))
	}
	return err
}

// fill adds to the list or dict below: one item or pair, or all since the mark.
func (u *unpickler) fill(op byte) error {
	var items []any
	var err error
	switch op {
	case opAppends, opSetItems:
		items, err = u.popMark()
	default:
		n := 1
		if op == opSetItem {
			n = 2
		}
		for range n {
			if _, err := u.pop(); err != nil {
				return err
			}
		}
		items = u.stack[len(u.stack) : len(u.stack)+n]
	}
	if err != nil {
		return err
	}
	target, err := u.top()
	if err != nil {
		return err
	}
	if err := u.budget.Take(itemCost*int64(len(items)), u.what); err != nil {
		return err
	}
	if op == opAppend || op == opAppends {
		l, ok := target.(*list)
		if !ok {
			return u.corrupt("APPEND to a %s", kind(target))
		}
		l.items = append(l.items, items...)
		return nil
	}
	d, ok := target.(*dict)
	if !ok || len(items)%2 != 0 {
		return u.corrupt("SETITEMS of %d values in a %s", len(items), kind(target))
	}
	for i := 0; i < len(items); i += 2 {
		d.items = append(d.items, pair{items[i], items[i+1]})
	}
	return nil
}

func (u *unpickler) put(size int64) error {
	i, err := u.uint(size)
	if err != nil {
		return err
	}
	return u.remember(i)
}

// remember stores the top of the stack in the memo.
func (u *unpickler) remember(i uint64) error {
	v, err := u.top()
	if err != nil {
		return err
	}
	if len(u.memo) >= maxDepth {
		return u.corrupt("more than %d memo entries", int(maxDepth))
	}
	if err := u.budget.Take(valueCost, u.what); err != nil {
		return err
	}
	u.memo[i] = v
	return nil
}

func (u *unpickler) recall(size int64) error {
	i, err := u.uint(size)
	if err != nil {
		return err
	}
	v, ok := u.memo[i]
	if !ok {
		return u.corrupt("memo entry %d was never stored", i)
	}
	return u.push(v)
}
