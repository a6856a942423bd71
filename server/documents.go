package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/authz"
	"github.com/ensemble-sante/ensemble/server/blobs"
	"github.com/ensemble-sante/ensemble/server/store"
)

// Limits of documents.
const (
	// MaxDocument is the most bytes of a document's ciphertext: 200 MB of content
	// and what age adds.
	MaxDocument = 201 << 20
	maxUploads  = 32 // unfinished ones of an account
	abandoned   = 48 * time.Hour
)

func (s *Server) beginDocument(w http.ResponseWriter, r *http.Request, by asker) error {
	var in struct {
		Room       rooms.ID `json:"room"`
		Ciphertext int64    `json:"ciphertext"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if _, err := s.allow(r.Context(), authz.DocumentBegin, by.Actor, in.Room, true); err != nil {
		return err
	}
	if in.Ciphertext <= 0 || in.Ciphertext > MaxDocument {
		return rooms.Errorf(rooms.CodeTooLarge, "document of %d bytes, at most %d", in.Ciphertext, MaxDocument)
	}
	open, err := s.Store.OpenUploads(r.Context(), by.User[:])
	if err != nil {
		return err
	}
	if open >= maxUploads {
		return rooms.Errorf(rooms.CodeRateLimited, "%d uploads are unfinished", open)
	}
	id := identity.NewID()
	upload, err := s.Blobs.Begin(r.Context(), id.String())
	if err != nil {
		return fmt.Errorf("beginning an upload: %w", err)
	}
	err = s.Store.InsertDocument(r.Context(), store.InsertDocumentParams{
		DocumentID: id[:], RoomID: in.Room[:], UserID: by.User[:], DeviceID: by.Device[:], Size: in.Ciphertext, Upload: &upload,
	})
	if err != nil {
		_ = s.Blobs.Abort(context.WithoutCancel(r.Context()), id.String(), upload) // the sweep of old uploads does it else
		return err
	}
	writeJSON(w, http.StatusCreated, struct {
		Document rooms.ID `json:"document"`
		PartSize int64    `json:"part_size"`
	}{id, blobs.PartSize})
	return nil
}

// document finds the document of a request and asks authz about it.
func (s *Server) document(r *http.Request, by asker, op authz.Operation) (store.DocumentRow, error) {
	id, err := identity.ParseID(r.PathValue("id"))
	if err != nil {
		return store.DocumentRow{}, errNoDocument
	}
	doc, err := s.Store.Document(r.Context(), id[:])
	if errors.Is(err, store.ErrNotFound) {
		return doc, errNoDocument
	}
	if err != nil {
		return doc, err
	}
	p, err := s.standing(r.Context(), by.Actor, rooms.ID(doc.RoomID), true)
	if err != nil {
		return doc, err
	}
	p.Uploader = rooms.ID(doc.UserID) == by.User
	if err := authz.Allow(op, by.Actor, p.Standing); err != nil {
		if gives(op) {
			s.audit.refused(r.Context(), by.Actor, rooms.ID(doc.RoomID))
		}
		if rooms.CodeOf(err) == rooms.CodeUnknownRoom {
			return doc, errNoDocument // looks the same whether it exists or not
		}
		return doc, err
	}
	return doc, nil
}

var (
	errNoDocument = rooms.Errorf(rooms.CodeUnknown, "no such document")
	errComplete   = rooms.Errorf(rooms.CodeConflict, "the document is complete")
)

func (s *Server) putPart(w http.ResponseWriter, r *http.Request, by asker) error {
	doc, err := s.document(r, by, authz.DocumentPart)
	if err != nil {
		return err
	}
	if doc.Upload == nil {
		return errComplete
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	sizes := partSizes(doc.Size)
	if err != nil || n < 1 || n > len(sizes) {
		return rooms.Errorf(rooms.CodeUnknown, "no such part")
	}
	if r.ContentLength != sizes[n-1] {
		return rooms.Errorf(rooms.CodeMalformed, "part %d has %d bytes", n, sizes[n-1])
	}
	content := http.MaxBytesReader(w, r.Body, sizes[n-1])
	if err := s.Blobs.PutPart(r.Context(), keyOf(doc), *doc.Upload, n, sizes[n-1], content); err != nil {
		return uploadError(err)
	}
	if err := s.Store.TouchDocument(r.Context(), doc.DocumentID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) listParts(w http.ResponseWriter, r *http.Request, by asker) error {
	doc, err := s.document(r, by, authz.DocumentParts)
	if err != nil {
		return err
	}
	out := struct {
		Size     int64 `json:"size"`
		PartSize int64 `json:"part_size"`
		Parts    []int `json:"parts"`
		Complete bool  `json:"complete"`
	}{Size: doc.Size, PartSize: blobs.PartSize, Parts: []int{}, Complete: doc.CompletedAt != nil}
	if doc.Upload != nil {
		parts, err := s.Blobs.Parts(r.Context(), keyOf(doc), *doc.Upload)
		if err != nil {
			return uploadError(err)
		}
		sizes := partSizes(doc.Size)
		for _, p := range parts {
			if p.Number <= len(sizes) && p.Size == sizes[p.Number-1] {
				out.Parts = append(out.Parts, p.Number)
			}
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) completeDocument(w http.ResponseWriter, r *http.Request, by asker) error {
	doc, err := s.document(r, by, authz.DocumentComplete)
	if err != nil {
		return err
	}
	var in struct {
		SHA256 bytes64 `json:"sha256"`
		Size   int64   `json:"size"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if in.Size != doc.Size || len(in.SHA256) != 32 {
		return rooms.Errorf(rooms.CodeChanged, "not the size that was announced, or no digest")
	}
	if doc.CompletedAt != nil {
		if string(doc.Sha256) != string(in.SHA256) {
			return errComplete
		}
		w.WriteHeader(http.StatusNoContent) // an answer that got lost
		return nil
	}
	if err := s.Blobs.Complete(r.Context(), keyOf(doc), *doc.Upload, partSizes(doc.Size)); err != nil {
		return uploadError(err)
	}
	if _, err := s.Store.CompleteDocument(r.Context(), store.CompleteDocumentParams{DocumentID: doc.DocumentID, Sha256: in.SHA256}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) readDocument(w http.ResponseWriter, r *http.Request, by asker) error {
	doc, err := s.document(r, by, authz.DocumentRead)
	if err != nil {
		return err
	}
	if doc.CompletedAt == nil {
		return errNoDocument
	}
	from, length, partial, err := byteRange(r.Header.Get("Range"), doc.Size)
	h := w.Header()
	if err != nil {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", doc.Size))
		http.Error(w, "the range lies outside the document", http.StatusRequestedRangeNotSatisfiable)
		return nil
	}
	if err := s.audit.document(r.Context(), by.Actor, rooms.ID(doc.RoomID), rooms.ID(doc.DocumentID)); err != nil {
		return err
	}
	content, _, err := s.Blobs.Get(r.Context(), keyOf(doc), from, length)
	if errors.Is(err, blobs.ErrNotFound) {
		return errNoDocument
	}
	if err != nil {
		return fmt.Errorf("reading a document: %w", err)
	}
	defer func() { _ = content.Close() }() // only read
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	status := http.StatusOK
	if partial {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+length-1, doc.Size))
		status = http.StatusPartialContent
	}
	w.WriteHeader(status)
	if _, err := io.Copy(w, content); err != nil {
		panic(http.ErrAbortHandler) // half an answer must not look whole
	}
	return nil
}

// byteRange reads a Range header with one range (RFC 9110, section 14.2); anything
// else is the whole document.
func byteRange(header string, size int64) (from, length int64, partial bool, err error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(spec, ",") {
		return 0, size, false, nil
	}
	if first == "" { // the last so many
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n <= 0 {
			return 0, 0, false, errors.New("range")
		}
		n = min(n, size)
		return size - n, n, true, nil
	}
	from, err = strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 || from >= size {
		return 0, 0, false, errors.New("range")
	}
	to := size - 1
	if last != "" {
		if to, err = strconv.ParseInt(last, 10, 64); err != nil || to < from {
			return 0, 0, false, errors.New("range")
		}
		to = min(to, size-1)
	}
	return from, to - from + 1, true, nil
}

func (s *Server) deleteDocument(w http.ResponseWriter, r *http.Request, by asker) error {
	doc, err := s.document(r, by, authz.DocumentDelete)
	if err != nil {
		return err
	}
	if doc.CompletedAt != nil {
		return errComplete // it may have been shared
	}
	if err := s.dropUpload(r.Context(), doc.DocumentID, doc.Upload); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) dropUpload(ctx context.Context, id []byte, upload *string) error {
	if upload != nil {
		if err := s.Blobs.Abort(ctx, rooms.ID(id).String(), *upload); err != nil {
			return fmt.Errorf("dropping an upload: %w", err)
		}
	}
	return s.Store.DeleteDocument(ctx, id)
}

// sweepUploads drops the uploads that nobody has touched for long.
func (s *Server) sweepUploads(ctx context.Context) error {
	rows, err := s.Store.AbandonedDocuments(ctx, s.Now().Add(-abandoned))
	if err != nil {
		return fmt.Errorf("looking for abandoned uploads: %w", err)
	}
	for _, row := range rows {
		if err := s.dropUpload(ctx, row.DocumentID, row.Upload); err != nil {
			return err
		}
	}
	return nil
}

// partSizes are the sizes of the parts of a document.
func partSizes(size int64) []int64 {
	var list []int64
	for ; size > blobs.PartSize; size -= blobs.PartSize {
		list = append(list, blobs.PartSize)
	}
	return append(list, size)
}

func uploadError(err error) error {
	switch {
	case errors.Is(err, blobs.ErrSize), errors.Is(err, io.ErrUnexpectedEOF):
		return rooms.Errorf(rooms.CodeMalformed, "a part has another size than announced, or is not there")
	case errors.Is(err, blobs.ErrNoUpload):
		return rooms.Errorf(rooms.CodeUnknown, "the upload is over")
	}
	return fmt.Errorf("uploading: %w", err)
}

// keyOf is the name of a document among the objects.
func keyOf(doc store.DocumentRow) string { return rooms.ID(doc.DocumentID).String() }
