package rooms_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/sign"
	"github.com/ensemble-sante/ensemble/rooms"
)

func fixedID(b byte) rooms.ID { return rooms.ID(bytes.Repeat([]byte{b}, 16)) }

// What is stored and signed today must be read in twenty years. A change here is a new
// version of a format, never a new value of these hashes.
func TestFormatsAreFrozen(t *testing.T) {
	key, err := identity.UserKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	require.NoError(t, err)
	body, err := rooms.EncodeBody(rooms.Receipt{
		Participant: rooms.Party{User: fixedID(1), KeyHash: [32]byte{2}}, Room: fixedID(3), Number: 1, HistoryFrom: 1,
		Expires: 1768381200000, Private: [32]byte{4},
	})
	require.NoError(t, err)
	statement, _, err := rooms.SignStatement(rooms.Statement{
		ID: fixedID(5), Type: rooms.StatementReceipt, Version: 1, Author: fixedID(6), Device: fixedID(7), Rooms: []rooms.ID{fixedID(3)},
		Time: 1768381200000, Seen: map[rooms.ID]record.Place{fixedID(3): {Seq: 9, Chain: [32]byte{8}}}, Body: body,
	}, key)
	require.NoError(t, err)
	commit, err := rooms.EncodeCommitData(rooms.CommitData{
		Seen: record.Place{Seq: 9, Chain: [32]byte{8}}, Citations: []rooms.Citation{{User: fixedID(1), Hash: [32]byte{2}}},
	})
	require.NoError(t, err)
	whole, err := rooms.EncodeCommitData(rooms.CommitData{
		Seen: record.Place{Seq: 9, Chain: [32]byte{8}}, Citations: []rooms.Citation{{User: fixedID(1), Hash: [32]byte{2}}},
		Revocations: [][]byte{{3}}, Log: []byte{4},
	})
	require.NoError(t, err)
	sealed, err := rooms.EncodeBody(rooms.SealedEvent{
		ID: fixedID(1), Author: fixedID(2), Device: fixedID(3), Group: rooms.GroupID(fixedID(4), 1), Epoch: 5, Sealed: []byte{6},
	})
	require.NoError(t, err)
	minutes, err := sign.Canonical(rooms.MinutesContent{
		Format: rooms.FormatMinutes, Room: fixedID(1), Session: fixedID(2), Item: 1, Version: 1, Title: "RCP",
		Attendance: []rooms.MinutesAttendee{{User: fixedID(3), Name: "Dr Vidal"}}, Decisions: []string{"é"},
		Actions: []rooms.MinutesAction{{Text: "x"}}, Signers: []rooms.ID{fixedID(3)},
	})
	require.NoError(t, err)
	declaration, err := rooms.SignMinutes(rooms.Declaration{
		Format: rooms.FormatDeclaration, Digest: hex.EncodeToString(make([]byte, 32)), User: fixedID(3), Name: "Dr Vidal", At: 1,
	}, key, nil)
	require.NoError(t, err)
	declared, err := rooms.EncodeBody(declaration)
	require.NoError(t, err)
	digest := rooms.MinutesDigest(minutes)
	action := rooms.ActionID(digest, 2)
	for name, tc := range map[string]struct {
		got  []byte
		want string
	}{
		"statement":   {statement, "6c4435a08743c4a1"},
		"commit data": {commit, "e7ec641cc355e9ec"},
		"whole":       {whole, "d22b7631638d0965"},
		"event":       {sealed, "39209671c736855d"},
		"minutes":     {minutes, "183efbb5dde9ec79"},
		"digest":      {digest[:], "16ae03a4da22f8b3"},
		"declaration": {declared, "514c64b27b245e7a"},
		"action":      {action[:], "2570e5400fedd936"},
	} {
		sum := sha256.Sum256(tc.got)
		require.Equal(t, tc.want, hex.EncodeToString(sum[:8]), name)
	}
}

func TestErrorsAreComparedByCode(t *testing.T) {
	err := rooms.Errorf(rooms.CodeChanged, "opening: %w", record.ErrAltered)
	require.ErrorIs(t, err, &rooms.Error{Code: rooms.CodeChanged})
	require.NotErrorIs(t, err, &rooms.Error{Code: rooms.CodeReplay})
	require.ErrorIs(t, err, record.ErrAltered)
	require.Equal(t, rooms.CodeInternal, rooms.CodeOf(errors.New("x")))
	require.Empty(t, rooms.CodeOf(nil))
	require.Contains(t, err.Error(), "changed")
}
