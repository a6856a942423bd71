package mediatest

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/ensemble-sante/ensemble/media"
)

// A FrameCipher seals and opens whole frames, as SFrame (RFC 9605) does. metadata
// is authenticated and not sent.
type FrameCipher interface {
	Encrypt(metadata, plaintext []byte) ([]byte, error)
	Decrypt(metadata, frame []byte) ([]byte, error)
}

// Sizes of the frames that a bot makes, in bytes.
const (
	keyFrameSize   = 6000
	deltaFrameSize = 2400
	soundSize      = 80
)

var errFrame = errors.New("mediatest: not a frame of a bot")

// newFrame makes the encoded frame with a number: for video what looks like VP8
// to whoever reads its first bytes (RFC 6386, section 9.1), for audio what looks
// like Opus, and then a body that can be checked.
func newFrame(medium media.Medium, number uint64, key bool) []byte {
	size := soundSize
	head := []byte{0x78} // Opus: CELT, full band, 20 ms, one frame
	if medium.Video() {
		size = deltaFrameSize
		head = []byte{0x11, 0, 0} // inter frame, shown
		if key {
			size = keyFrameSize
			head = []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00} // 320 × 240
		}
		head[1], head[2] = byte(size>>3), byte(size>>11)
	}
	frame := make([]byte, size)
	n := copy(frame, head)
	body := frame[n : size-4]
	binary.BigEndian.PutUint64(body, number)
	x := number*0x9e3779b97f4a7c15 + 1
	for i := 8; i < len(body); i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		body[i] = byte(x)
	}
	binary.BigEndian.PutUint32(frame[size-4:], crc32.ChecksumIEEE(frame[:size-4]))
	return frame
}

// readFrame returns the number of a frame that newFrame made, and whether it is
// a key frame.
func readFrame(medium media.Medium, frame []byte) (number uint64, key bool, err error) {
	clear, err := clearBytes(medium, frame)
	if err != nil {
		return 0, false, err
	}
	n := len(frame) - 4
	if n < clear+8 || crc32.ChecksumIEEE(frame[:n]) != binary.BigEndian.Uint32(frame[n:]) {
		return 0, false, errFrame
	}
	return binary.BigEndian.Uint64(frame[clear:]), !medium.Video() || frame[0]&1 == 0, nil
}

// clearBytes is the number of a frame's first bytes that stay readable.
func clearBytes(medium media.Medium, frame []byte) (int, error) {
	n := 1
	if medium.Video() {
		n = 3
		if len(frame) > 0 && frame[0]&1 == 0 {
			n = 10
		}
	}
	if len(frame) < n {
		return 0, errFrame
	}
	return n, nil
}

// seal encrypts a frame but for its first bytes. The metadata is these bytes and
// one for the medium, as in the web client.
func seal(c FrameCipher, medium media.Medium, frame []byte) ([]byte, error) {
	n, err := clearBytes(medium, frame)
	if err != nil {
		return nil, err
	}
	sealed, err := c.Encrypt(metadata(medium, frame[:n]), frame[n:])
	if err != nil {
		return nil, err
	}
	return append(frame[:n:n], sealed...), nil
}

// open is the inverse of seal.
func open(c FrameCipher, medium media.Medium, frame []byte) ([]byte, error) {
	n, err := clearBytes(medium, frame)
	if err != nil {
		return nil, err
	}
	plain, err := c.Decrypt(metadata(medium, frame[:n]), frame[n:])
	if err != nil {
		return nil, err
	}
	return append(frame[:n:n], plain...), nil
}

func metadata(medium media.Medium, clear []byte) []byte {
	return append(append(make([]byte, 0, len(clear)+1), clear...), mediumByte[medium])
}

// mediumByte is the byte by which clients authenticate what a frame shows.
var mediumByte = map[media.Medium]byte{media.Camera: 1, media.Screen: 2, media.Audio: 3}
