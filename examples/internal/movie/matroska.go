package movie

import (
	"encoding/binary"
	"math/big"
)

// Elements of Matroska (RFC 9559) that a stream of raw pictures with times needs.
// No simpler format that ffmpeg reads from a pipe carries times.
const (
	ebml           = 0x1a45dfa3
	docType        = 0x4282
	segmentInfo    = 0x1549a966
	timestampScale = 0x2ad7b1
	tracks         = 0x1654ae6b
	trackEntry     = 0xae
	trackNumber    = 0xd7
	trackUID       = 0x73c5
	trackType      = 0x83
	codecID        = 0x86
	defaultLength  = 0x23e383
	videoTrack     = 0xe0
	pixelWidth     = 0xb0
	pixelHeight    = 0xba
	colorSpace     = 0x2eb524
	cluster        = 0x1f43b675
	timestamp      = 0xe7
	simpleBlock    = 0xa3
)

// element appends an element of id with a payload.
func element(to []byte, id uint32, payload []byte) []byte {
	return append(elementHead(to, id, len(payload)), payload...)
}

// elementHead appends what goes before a payload of n bytes: sizes take 8 bytes.
func elementHead(to []byte, id uint32, n int) []byte {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], id)
	for i, c := range b {
		if c != 0 {
			to = append(to, b[i:]...)
			break
		}
	}
	return binary.BigEndian.AppendUint64(to, 1<<56|uint64(n))
}

func number(to []byte, id uint32, v uint64) []byte {
	return element(to, id, binary.BigEndian.AppendUint64(nil, v))
}

// matroskaHeader begins a stream of raw RGBA pictures whose times are nanoseconds.
// rate is nil where they vary.
func matroskaHeader(width, height int, rate *big.Rat) []byte {
	video := number(nil, pixelWidth, uint64(width))
	video = number(video, pixelHeight, uint64(height))
	video = element(video, colorSpace, []byte("RGBA"))
	track := number(nil, trackNumber, 1)
	track = number(track, trackUID, 1)
	track = number(track, trackType, 1)
	track = element(track, codecID, []byte("V_UNCOMPRESSED"))
	if rate != nil {
		track = number(track, defaultLength, nanoseconds(new(big.Rat).Inv(rate)))
	}
	track = element(track, videoTrack, video)

	h := element(nil, ebml, element(nil, docType, []byte("matroska")))
	h = append(h, 0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // a segment of unknown size
	h = element(h, segmentInfo, number(nil, timestampScale, 1))
	return element(h, tracks, element(nil, trackEntry, track))
}

// matroskaFrame begins a picture of n bytes, which follow it.
func matroskaFrame(at *big.Rat, n int) []byte {
	block := []byte{0x81, 0, 0, 0x80} // track 1, at the cluster's time, a key frame
	inside := number(nil, timestamp, nanoseconds(at))
	inside = append(elementHead(inside, simpleBlock, len(block)+n), block...)
	return append(elementHead(nil, cluster, len(inside)+n), inside...)
}

// nanoseconds rounds a time to the nearest.
func nanoseconds(seconds *big.Rat) uint64 {
	n := new(big.Rat).Mul(seconds, big.NewRat(1e9, 1))
	twice := new(big.Int).Add(new(big.Int).Lsh(n.Num(), 1), n.Denom())
	return twice.Div(twice, new(big.Int).Lsh(n.Denom(), 1)).Uint64()
}
