package pth

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// legacyMagic is the first pickle of the container that torch.save wrote before
// 1.6: the integer 0x1950a86a20f9469cfc6c, here in protocol 2.
const legacyMagic = "\x80\x02\x8a\x0a" + legacyNumber + "."

// legacyNumber are the bytes of that integer.
const legacyNumber = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"

// legacyText is the first pickle in protocol 1.
const legacyText = "L119547037146038801333356L\n."

const legacyVersion = 1001

// loadLegacy reads five pickles (magic number, version, system, object, storage
// keys) and then the storages in the order of the keys, each an int64 number of
// elements and the elements.
func (l *loader) loadLegacy() error {
	r := bufio.NewReader(io.NewSectionReader(l.r, 0, l.size))
	u := newUnpickler(r, 0, l.size, "magic number", l.budget)
	next := func(what string) (any, error) {
		u.what, u.end = what, min(l.size, u.off+maxPickle)
		u.memo = map[uint64]any{}
		return u.load()
	}
	magic, err := next("magic number")
	if err == nil && magic != bigint(legacyNumber) && magic != bigint(legacyText[1:25]) {
		return fmt.Errorf("%w: it is a plain pickle, not a file of torch.save: save model.state_dict() with that", ErrCorrupt)
	}
	if err != nil {
		return err
	}
	version, err := next("version")
	if err != nil {
		return err
	}
	if version != int64(legacyVersion) {
		return fmt.Errorf("%w: version %v of the legacy container", ErrCorrupt, version)
	}
	system, err := next("system")
	if err != nil {
		return err
	}
	if d, ok := system.(*dict); !ok || d.lookup("little_endian") != true {
		return fmt.Errorf("%w: its byte order is not little endian", ErrCorrupt)
	}
	root, err := next("state dict")
	if err != nil {
		return err
	}
	keys, err := next("storage keys")
	if err != nil {
		return err
	}
	if err := l.choose(root); err != nil {
		return err
	}
	order, ok := keys.(*list)
	if !ok {
		return fmt.Errorf("%w: its storage keys are a %s", ErrCorrupt, kind(keys))
	}
	return l.legacyStorages(order.items, u.storages, u.off)
}

func (l *loader) legacyStorages(keys []any, storages map[string]*storage, at int64) error {
	for _, k := range keys {
		key, _ := k.(string)
		s := storages[key]
		if s == nil {
			return fmt.Errorf("%w: storage %.80q is listed twice or never used", ErrCorrupt, key)
		}
		delete(storages, key)
		var count [8]byte
		if l.size-at < 8 {
			return fmt.Errorf("%w: it ends at byte %d before storage %.80q", ErrCorrupt, l.size, key)
		}
		if _, err := l.r.ReadAt(count[:], at); err != nil && err != io.EOF {
			return err
		}
		at += 8
		if n := int64(binary.LittleEndian.Uint64(count[:])); n != s.numel {
			return fmt.Errorf("%w: byte %d: storage %.80q has %d elements instead of %d", ErrCorrupt, at-8, key, n, s.numel)
		}
		if s.numel > (l.size-at)/s.size {
			return fmt.Errorf("%w: it ends at byte %d inside storage %.80q of %d elements", ErrCorrupt, l.size, key, s.numel)
		}
		bytes := s.numel * s.size
		if l.groups[key] != nil {
			if err := l.fill(key, io.NewSectionReader(l.r, at, bytes)); err != nil {
				return err
			}
		}
		at += bytes
	}
	if len(storages) > 0 {
		return fmt.Errorf("%w: %d storages are used but not listed", ErrCorrupt, len(storages))
	}
	if at != l.size {
		return fmt.Errorf("%w: %d bytes follow after its last storage", ErrCorrupt, l.size-at)
	}
	return nil
}
