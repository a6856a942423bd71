// Package document encrypts documents: each is an ordinary age file
// (age-encryption.org/v1), encrypted to a hybrid post-quantum identity made for it
// alone.
//
// The identity's secret ("AGE-SECRET-KEY-PQ-1…") travels in the signed event that
// shares the document, with the [Digest] of the encrypted file. So the store sees
// ciphertext only, a store that hands out another file is noticed even when that
// one is well formed, and whoever has the event can open the file without this
// project, with the age tool from version 1.3 on:
//
//	age --decrypt --identity key.txt --output letter.pdf letter.pdf.age
//
// or with the npm package age-encryption. Encryption and decryption stream, in
// memory that does not depend on the size of the document.
//
// The package reads and writes only what it is handed, and reads no clock.
package document

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"
)

var (
	// ErrKey reports text that is not the key of a document.
	ErrKey = errors.New("not a document key")

	// ErrWrongKey reports a document that was encrypted to another key.
	ErrWrongKey = errors.New("document is encrypted to another key")

	// ErrAltered reports a document that was changed or cut short.
	ErrAltered = errors.New("document was altered or cut short")

	// ErrDigest reports bytes that are not those that were announced.
	ErrDigest = errors.New("not the announced document")
)

// Key is the secret of one document, as text: an age hybrid identity
// (MLKEM768X25519). It is never logged.
type Key = string

// NewKey returns a fresh key, for one document.
func NewKey() Key {
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		return "" // randomness never fails; and no document is encrypted to ""
	}
	return identity.String()
}

func parseKey(key Key) (*age.HybridIdentity, error) {
	identity, err := age.ParseHybridIdentity(key)
	if err != nil {
		return nil, ErrKey // the cause would quote the key
	}
	return identity, nil
}

// Digest identifies an encrypted document: the SHA-256 and size in bytes of its
// ciphertext. In CBOR {1: SHA-256, 2: size}.
type Digest struct {
	SHA256 [32]byte `cbor:"1,keyasint"`
	Size   int64    `cbor:"2,keyasint"`
}

// Equal says whether d and other identify the same bytes.
func (d Digest) Equal(other Digest) bool { return d == other }

// DigestWriter passes on what is written to it, and digests it.
type DigestWriter struct {
	dst  io.Writer
	hash hash.Hash
	size int64
}

// NewDigestWriter returns a writer to dst.
func NewDigestWriter(dst io.Writer) *DigestWriter {
	return &DigestWriter{dst: dst, hash: sha256.New()}
}

// Write writes p to the underlying writer and digests what was accepted.
func (w *DigestWriter) Write(p []byte) (int, error) {
	n, err := w.dst.Write(p)
	w.hash.Write(p[:n])
	w.size += int64(n)
	return n, err
}

// Digest returns the digest of everything written so far.
func (w *DigestWriter) Digest() Digest {
	return Digest{[32]byte(w.hash.Sum(nil)), w.size}
}

// Writer encrypts what is written to it.
type Writer struct {
	io.WriteCloser // of age
	dst            *DigestWriter
}

// Encrypt returns a writer that encrypts to dst. Close writes the last part and
// must be called, and its error heeded, or the document is cut short; it does not
// close dst. Errors wrap ErrKey or are dst's.
func Encrypt(dst io.Writer, key Key) (*Writer, error) {
	identity, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	w := NewDigestWriter(dst)
	encrypted, err := age.Encrypt(w, identity.Recipient())
	if err != nil {
		return nil, fmt.Errorf("failed to begin a document: %w", err)
	}
	return &Writer{encrypted, w}, nil
}

// Digest returns the digest of the ciphertext, after Close.
func (w *Writer) Digest() Digest { return w.dst.Digest() }

// Decrypt returns a reader of a document's plaintext. Every part that it yields is
// authentic; that it was the whole document is known at io.EOF only. Errors, here
// and of Read, wrap ErrKey, ErrWrongKey or ErrAltered, or are src's.
//
// Use [DecryptVerified] where the digest of the document was announced.
func Decrypt(src io.Reader, key Key) (io.Reader, error) {
	return decrypt(&source{src: src}, key)
}

// DecryptVerified is Decrypt for a document whose digest was announced: other bytes
// give an error that wraps ErrDigest or ErrAltered, and never io.EOF. At most one
// byte more than announced is read from src and used.
func DecryptVerified(src io.Reader, key Key, announced Digest) (io.Reader, error) {
	if announced.Size < 0 {
		return nil, fmt.Errorf("%w: size %d", ErrDigest, announced.Size)
	}
	return decrypt(&source{src: src, want: &announced, hash: sha256.New()}, key)
}

func decrypt(src *source, key Key) (io.Reader, error) {
	identity, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	plaintext, err := age.Decrypt(src, identity)
	if err != nil {
		return nil, src.explain(err)
	}
	src.headerDone = true
	return &reader{plaintext, src}, nil
}

// maxHeader bounds what is read while age looks for the end of the header, which to
// one hybrid recipient has about 1,700 bytes.
const maxHeader = 64 << 10

// source is what a document is read from; it remembers why it ended.
type source struct {
	src        io.Reader
	size       int64
	err        error // of src or by us, not io.EOF
	headerDone bool

	want *Digest // nil: not announced
	hash hash.Hash
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if !s.headerDone && s.size > maxHeader {
		s.err = fmt.Errorf("%w: no end of its header", ErrAltered)
		return 0, s.err
	}
	if s.want != nil {
		if left := s.want.Size - s.size; int64(len(p)) > left+1 {
			p = p[:left+1]
		}
	}
	n, err := s.src.Read(p)
	s.size += int64(n)
	if s.want != nil {
		s.hash.Write(p[:n])
		switch {
		case s.size > s.want.Size:
			n, err = 0, fmt.Errorf("%w: it is longer", ErrDigest)
		case err == io.EOF && s.size < s.want.Size:
			err = fmt.Errorf("%w: it is shorter", ErrDigest)
		case err == io.EOF && !bytes.Equal(s.hash.Sum(nil), s.want.SHA256[:]):
			err = fmt.Errorf("%w: its hash is another", ErrDigest)
		}
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// explain says what an error of age means.
func (s *source) explain(err error) error {
	var noMatch *age.NoIdentityMatchError
	switch {
	case s.err != nil:
		return s.err
	case errors.As(err, &noMatch):
		return ErrWrongKey
	}
	return fmt.Errorf("%w: %w", ErrAltered, err)
}

type reader struct {
	plaintext io.Reader
	src       *source
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.plaintext.Read(p)
	if err != nil && err != io.EOF {
		err = r.src.explain(err)
	}
	return n, err
}
