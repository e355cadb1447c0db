package ranks

import (
	"encoding/binary"
	"fmt"
)

// maxText bounds a text that members share.
const maxText = 64 << 10

// Share returns the bytes of the member root on all of them.
func Share(g Group, root int, data []byte) ([]byte, error) {
	var size [8]byte
	if g.Rank() == root {
		binary.LittleEndian.PutUint64(size[:], uint64(len(data)))
	}
	if err := g.Broadcast(root, size[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(size[:])
	if g.Rank() != root {
		data = make([]byte, n)
	}
	if n == 0 {
		return data, nil
	}
	return data, g.Broadcast(root, data)
}

// Texts returns the texts of all members, in the order of their ranks, on all of
// them. Long ones are cut.
func Texts(g Group, text string) ([]string, error) {
	texts := make([]string, g.Size())
	for i := range texts {
		b, err := Share(g, i, []byte(text[:min(len(text), maxText)]))
		if err != nil {
			return nil, err
		}
		texts[i] = string(b)
	}
	return texts, nil
}

// Agree returns the error that a member has, on all of them: nil if err is nil
// everywhere, otherwise that of the lowest rank, which the others are told as a
// *RankError.
func Agree(g Group, err error) error {
	if g.Size() == 1 {
		return err
	}
	failed := make([]float32, g.Size())
	if err != nil {
		failed[g.Rank()] = 1
	}
	if e := g.AllReduce(failed); e != nil {
		if err != nil {
			return err
		}
		return e
	}
	for rank, f := range failed {
		if f == 0 {
			continue
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		b, e := Share(g, rank, []byte(text[:min(len(text), maxText)]))
		switch {
		case err != nil:
			return err
		case e != nil:
			return e
		}
		return &RankError{rank, string(b)}
	}
	return nil
}

// RankError says that another member has failed.
type RankError struct {
	Rank int
	Text string // of its error
}

// Error names the member.
func (e *RankError) Error() string { return fmt.Sprintf("rank %d: %s", e.Rank, e.Text) }
