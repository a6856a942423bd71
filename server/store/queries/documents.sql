-- name: InsertDocument :exec
INSERT INTO documents (document_id, room_id, user_id, device_id, size, upload)
VALUES (@document_id, @room_id, @user_id, @device_id, @size, @upload);

-- name: Document :one
SELECT document_id, room_id, user_id, device_id, size, sha256, upload, completed_at FROM documents WHERE document_id = @document_id;

-- name: TouchDocument :exec
UPDATE documents SET touched_at = now() WHERE document_id = @document_id;

-- name: CompleteDocument :execrows
UPDATE documents SET completed_at = now(), sha256 = @sha256, upload = NULL
WHERE document_id = @document_id AND completed_at IS NULL;

-- name: DeleteDocument :exec
DELETE FROM documents WHERE document_id = @document_id;

-- name: OpenUploads :one
SELECT count(*) FROM documents WHERE user_id = @user_id AND completed_at IS NULL;

-- name: AbandonedDocuments :many
SELECT document_id, upload FROM documents
WHERE completed_at IS NULL AND touched_at < @before ORDER BY touched_at LIMIT 100;
