package client

import (
	"context"
	"encoding/hex"
	"errors"
	"io"

	"github.com/ensemble-sante/ensemble/crypto/document"
	"github.com/ensemble-sante/ensemble/rooms"
)

// ageChunk and ageTag are the sizes of the parts of an age file
// (age-encryption.org/v1, "Payload").
const (
	ageChunk = 64 << 10
	ageTag   = 16
)

// ciphertextSize is the size of an age file that holds size bytes of plaintext.
func ciphertextSize(key document.Key, size int64) (int64, error) {
	w, err := document.Encrypt(io.Discard, key)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return 0, errors.Join(rooms.Errorf(rooms.CodeInternal, "measuring a document"), err)
	}
	chunks := max((size+ageChunk-1)/ageChunk, 1)
	return w.Digest().Size + size + (chunks-1)*ageTag, nil
}

// documentBegin makes a key for a document and announces its upload, which the
// document Worker makes.
func documentBegin(ctx context.Context, c *Core, args DocumentBeginArgs) (DocumentUpload, error) {
	if args.Size < 0 {
		return DocumentUpload{}, invalidField("size", "a document of negative size")
	}
	if err := c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		return e.may(r, rooms.EventMessage, rooms.Message{Text: "-"})
	}); err != nil {
		return DocumentUpload{}, err
	}
	up := DocumentUpload{Key: document.NewKey()}
	size, err := ciphertextSize(up.Key, args.Size)
	if err != nil {
		return DocumentUpload{}, err
	}
	var begun struct {
		Document ID    `json:"document"`
		PartSize int64 `json:"part_size"`
	}
	err = c.http(ctx, "POST", documentsPath, struct {
		Room       ID    `json:"room"`
		Ciphertext int64 `json:"ciphertext"`
	}{args.Room, size}, &begun)
	up.Document, up.PartSize = begun.Document, begun.PartSize
	return up, err
}

// documentShare gives the room the key of a document whose upload is complete.
func documentShare(ctx context.Context, c *Core, args DocumentShareArgs) (EventRef, error) {
	sum, err := hex.DecodeString(args.SHA256)
	if err != nil || len(sum) != 32 {
		return EventRef{}, invalidField("sha256", "not a SHA-256")
	}
	id, err := c.publish(ctx, args.Room, ID{}, rooms.EventDocumentShared, rooms.DocumentShared{
		Document: args.Document, Name: args.Name, MediaType: args.MediaType, Size: args.Size, Key: args.Key,
		SHA256: [32]byte(sum), Ciphertext: args.Ciphertext, Caption: args.Caption,
	})
	return EventRef{id}, err
}

// documentKey gives the key of a document, and records that we opened it.
func documentKey(ctx context.Context, c *Core, args DocumentRef) (DocumentKey, error) {
	var out DocumentKey
	err := c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		p, ok := r.fold.Thread().Document(args.Document)
		if !ok || p.Retracted != 0 {
			return rooms.Errorf(rooms.CodeUnknown, "no such document here")
		}
		d := p.Document
		out = DocumentKey{
			Key: d.Key, SHA256: hex.EncodeToString(d.SHA256[:]), Ciphertext: d.Ciphertext,
			Name: d.Name, MediaType: d.MediaType, Size: d.Size,
		}
		opened := p.By == e.device.user
		for _, o := range p.Opened {
			opened = opened || o.User == e.device.user
		}
		if !opened {
			// A room that takes nothing now, because somebody leaves or the case is
			// frozen, still lets its members read.
			if _, err := e.write(r, ID{}, rooms.EventDocumentOpened, rooms.DocumentOpened{Document: args.Document}); err != nil {
				e.log.Debug("an opening is not recorded", "room", r.id.String(), "code", string(rooms.CodeOf(err)))
			}
		}
		return nil
	})
	return out, err
}
