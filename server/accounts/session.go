package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/store"
)

const (
	challengeTime = 2 * time.Minute
	// SessionTime is how long a session lasts.
	SessionTime = 30 * 24 * time.Hour
)

// A Session is a browser that has proved its device key.
type Session struct {
	User, Device rooms.ID
	Hash         [32]byte // of the token: names the session
	Expires      time.Time
}

var (
	errNoSession    = rooms.Errorf(rooms.CodeUnauthorised, "no session")
	errBadSignature = rooms.Errorf(rooms.CodeBadSignature, "the device did not sign the challenge")
)

// Challenge gives the 32 bytes that a device signs to open a session. It is
// given for any ids, so that it tells nobody which accounts there are.
func (a *Accounts) Challenge(ctx context.Context, user, device rooms.ID) ([]byte, error) {
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce) // never fails
	hash := sha256.Sum256(nonce)
	err := a.store.InsertChallenge(ctx, store.InsertChallengeParams{
		NonceHash: hash[:], UserID: user[:], DeviceID: device[:], ExpiresAt: a.now().Add(challengeTime),
	})
	if err != nil {
		return nil, fmt.Errorf("making a challenge: %w", err)
	}
	return nonce, nil
}

// Open opens a session: signature is the device's, under identity.LabelSession,
// over nonce ‖ host. A nonce serves once. Errors have code bad_signature.
func (a *Accounts) Open(ctx context.Context, user, device rooms.ID, nonce, signature []byte, host string) (token string, s Session, err error) {
	hash := sha256.Sum256(nonce)
	challenge, err := a.store.TakeChallenge(ctx, hash[:])
	if errors.Is(err, store.ErrNotFound) {
		return "", s, errBadSignature
	}
	if err != nil {
		return "", s, fmt.Errorf("opening a session: %w", err)
	}
	if rooms.ID(challenge.UserID) != user || rooms.ID(challenge.DeviceID) != device || a.now().After(challenge.ExpiresAt) {
		return "", s, errBadSignature
	}
	row, err := a.store.Device(ctx, device[:])
	if errors.Is(err, store.ErrNotFound) {
		return "", s, errBadSignature
	}
	if err != nil {
		return "", s, fmt.Errorf("opening a session: %w", err)
	}
	signed := append(append(make([]byte, 0, len(nonce)+len(host)), nonce...), host...)
	if rooms.ID(row.UserID) != user || row.RevokedAt != nil ||
		identity.Verify(row.SignatureKey, identity.LabelSession, signed, signature) != nil {
		return "", s, errBadSignature
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	token = base64.RawURLEncoding.EncodeToString(secret)
	s = Session{User: user, Device: device, Hash: hashToken(token), Expires: a.now().Add(SessionTime)}
	err = a.store.InsertSession(ctx, store.InsertSessionParams{
		TokenHash: s.Hash[:], UserID: user[:], DeviceID: device[:], ExpiresAt: s.Expires,
	})
	if err != nil {
		return "", s, fmt.Errorf("opening a session: %w", err)
	}
	return token, s, nil
}

func hashToken(token string) [32]byte {
	return sha256.Sum256([]byte("ensemble session token " + token))
}

// Authenticate finds the session of a token; code unauthorised if there is none
// any more.
func (a *Accounts) Authenticate(ctx context.Context, token string) (Session, error) {
	if len(token) != 43 {
		return Session{}, errNoSession
	}
	hash := hashToken(token)
	row, err := a.store.Session(ctx, hash[:])
	if errors.Is(err, store.ErrNotFound) {
		return Session{}, errNoSession
	}
	if err != nil {
		return Session{}, fmt.Errorf("finding a session: %w", err)
	}
	return Session{rooms.ID(row.UserID), rooms.ID(row.DeviceID), hash, row.ExpiresAt}, nil
}

// End ends a session.
func (a *Accounts) End(ctx context.Context, session [32]byte) error {
	if _, err := a.store.DeleteSession(ctx, session[:]); err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// Live tells which of the sessions are still good.
func (a *Accounts) Live(ctx context.Context, sessions [][32]byte) (map[[32]byte]bool, error) {
	tokens := make([][]byte, len(sessions))
	for i := range sessions {
		tokens[i] = sessions[i][:]
	}
	rows, err := a.store.LiveSessions(ctx, tokens)
	if err != nil {
		return nil, fmt.Errorf("looking at sessions: %w", err)
	}
	live := make(map[[32]byte]bool, len(rows))
	for _, r := range rows {
		live[[32]byte(r)] = true
	}
	return live, nil
}

// Sweep forgets what has expired.
func (a *Accounts) Sweep(ctx context.Context) error {
	_, err1 := a.store.SweepChallenges(ctx)
	_, err2 := a.store.SweepSessions(ctx)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("sweeping sessions: %w", err)
	}
	return nil
}
