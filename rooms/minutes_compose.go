package rooms

import (
	"cmp"
	"encoding/hex"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/sign"
)

// MinutesDraft is what people write of the minutes; the room knows the rest.
type MinutesDraft struct {
	Title      string // the session's
	Zone       string // IANA, of the session
	Discussion string
	Synthesis  string
	Decisions  []string
	Actions    []MinutesAction
}

// ComposeMinutes gives the content of the next version of the minutes: the draft, and
// everything that the room knows itself (question, attendance, quorum, positions,
// signers, predecessor). Seen is the place in the room's log that the proposer has
// seen. Every member composes it again and compares.
func (r *Room) ComposeMinutes(d MinutesDraft, seen record.Place) (MinutesContent, error) {
	it := r.item
	if it == nil {
		return MinutesContent{}, Errorf(CodeNotAllowed, "minutes are those of an item")
	}
	rule, ok := it.Rule()
	switch {
	case !ok:
		return MinutesContent{}, Errorf(CodeUnknown, "the item is not described")
	case len(it.Attendance) == 0:
		return MinutesContent{}, Errorf(CodeUnknown, "there is no attendance record")
	}
	opened, held := it.Opened.Item, it.Attendance[len(it.Attendance)-1].Attendance
	c := MinutesContent{
		Format: FormatMinutes, Room: r.pub.room, Session: r.pub.genesis.Session, Item: opened.Number, Version: 1,
		Rule: rule, Title: d.Title, Held: MinutesHeld{From: held.From, To: held.To, Zone: d.Zone},
		Person: opened.Person, Question: opened.Question, Requester: opened.Requester, Wish: opened.Wish,
		Attendance: []MinutesAttendee{}, Quorum: it.Quorum(),
		Place:      MinutesPlace{Seq: seen.Seq, Chain: hex.EncodeToString(seen.Chain[:])},
		Discussion: d.Discussion, Synthesis: d.Synthesis,
		Decisions: append([]string{}, d.Decisions...), Positions: []MinutesPosition{},
		Actions: append([]MinutesAction{}, d.Actions...),
		Signers: RequiredSigners(rule, r.pub.genesis.Chair.User, slices.DeleteFunc(slices.Clone(it.Positions),
			func(p PositionState) bool { return r.pub.MayDeliver(p.By, r.pub.time) != nil })),
	}
	if last := it.Minutes.Proposal(); last != nil {
		c.Version, c.Predecessor = last.Version+1, hex.EncodeToString(last.Digest[:])
	}
	for _, a := range held.Present {
		m := MinutesAttendee{User: a.User, Name: a.Name, Role: a.Role, Duty: a.Duty, Remote: a.Remote}
		if key, ok := r.pub.KeyHash(a.User); ok {
			m.KeyHash = hex.EncodeToString(key[:])
		}
		c.Attendance = append(c.Attendance, m)
	}
	order.By(c.Attendance, func(a, b MinutesAttendee) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.User.Compare(b.User))
	})
	for _, p := range it.Current() {
		c.Positions = append(c.Positions, MinutesPosition{
			User: p.By, Name: r.nameIn(p.By), Position: p.Position, Text: p.Text, At: p.At,
		})
	}
	order.By(c.Positions, func(a, b MinutesPosition) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.User.Compare(b.User))
	})
	return c, nil
}

// nameIn is somebody's name in the minutes: of the attendance record, else of their
// profile.
func (r *Room) nameIn(user ID) string {
	if a, ok := r.item.Attendee(user); ok {
		return a.Name
	}
	return r.profiles[user].Profile.Name
}

// ProposeMinutes gives the body of the event that proposes a content.
func ProposeMinutes(c MinutesContent) (MinutesProposed, error) {
	canonical, err := sign.Canonical(c)
	if err != nil {
		return MinutesProposed{}, Errorf(CodeInvalid, "minutes: %w", err)
	}
	return MinutesProposed{Version: c.Version, Content: canonical, Digest: MinutesDigest(canonical)}, nil
}

// MinutesDigest is the digest of the canonical content.
func MinutesDigest(canonical []byte) [32]byte { return sign.Sum(identity.LabelMinutes, canonical) }

// ComposeDeclaration gives what a user declares by signing the current proposal. The
// position is optional.
func (r *Room) ComposeDeclaration(user ID, position PositionCode, text string, now int64) (Declaration, error) {
	if r.item == nil || r.item.Minutes.State != StateProposed {
		return Declaration{}, Errorf(CodeConflict, "no minutes are proposed")
	}
	p := r.item.Minutes.Proposal()
	if !p.MaySign(user) {
		return Declaration{}, Errorf(CodeNotSigner, "neither present nor a required signer")
	}
	d := Declaration{
		Format: FormatDeclaration, Digest: hex.EncodeToString(p.Digest[:]), User: user,
		Position: position, Text: text, At: now,
	}
	d.Name, d.Role, d.Duty = r.signerAs(user)
	return d, nil
}

// signerAs is how a signer stands in the minutes.
func (r *Room) signerAs(user ID) (name, role, duty string) {
	if a, ok := r.item.Attendee(user); ok {
		return a.Name, a.Role, a.Duty
	}
	p := r.profiles[user].Profile
	duty = DutyParticipant
	if r.pub.genesis.Chair.User == user {
		duty = DutyChair
	}
	return p.Name, p.Role, duty
}

// SignMinutes signs a declaration with the signer's identity key.
func SignMinutes(d Declaration, key identity.UserKey, certificate []byte) (MinutesSigned, error) {
	canonical, err := sign.Canonical(d)
	if err != nil {
		return MinutesSigned{}, Errorf(CodeInvalid, "declaration: %w", err)
	}
	digest, err := parseHash(d.Digest)
	if err != nil {
		return MinutesSigned{}, err
	}
	return MinutesSigned{
		Digest: digest, Declaration: canonical, Key: key.Public(),
		Signature: key.Sign(LabelDeclaration, canonical), Certificate: certificate,
	}, nil
}

// SignAddendum signs a correction of sealed minutes with its author's identity key.
func SignAddendum(c AddendumContent, key identity.UserKey) (MinutesAddendum, error) {
	canonical, err := sign.Canonical(c)
	if err != nil {
		return MinutesAddendum{}, Errorf(CodeInvalid, "addendum: %w", err)
	}
	of, err := parseHash(c.Of)
	if err != nil {
		return MinutesAddendum{}, err
	}
	return MinutesAddendum{
		Of: of, Declaration: canonical, Key: key.Public(), Signature: key.Sign(identity.LabelAddendum, canonical),
	}, nil
}

func parseHash(s string) (h [32]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 || hex.EncodeToString(b) != s {
		return h, Errorf(CodeMalformed, "not a hash")
	}
	return [32]byte(b), nil
}
