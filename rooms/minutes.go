package rooms

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/sign"
)

// States of an item's minutes.
const (
	StateNone     = "NONE"
	StateDraft    = "DRAFT"    // co-edited
	StateProposed = "PROPOSED" // to be signed
	StateSealed   = "SEALED"   // never changes
)

// Formats and labels of what is signed. The minutes themselves are hashed under
// identity.LabelMinutes, addenda signed under identity.LabelAddendum.
const (
	FormatMinutes     = "ensemble.minutes.1"
	FormatDeclaration = "ensemble.declaration.1"
	FormatAddendum    = "ensemble.addendum.1"

	LabelDeclaration = identity.LabelDeclaration

	formatSnapshot = "yjs.1"
)

// MinutesState is where an item's minutes stand: draft, proposals with their
// signatures, the seal, addenda.
type MinutesState struct {
	State     string          `cbor:"1,keyasint"`
	Snapshot  *SnapshotState  `cbor:"2,keyasint"`
	Proposals []ProposalState `cbor:"3,keyasint"` // every version, oldest first
	Sealed    *SealState      `cbor:"4,keyasint"`
	Exported  bool            `cbor:"5,keyasint"` // the bundle is in the log
	Addenda   []AddendumState `cbor:"6,keyasint"`
}

// SnapshotState is the newest state of the co-edited draft.
type SnapshotState struct {
	Format string `cbor:"1,keyasint"`
	State  []byte `cbor:"2,keyasint"`
	By     ID     `cbor:"3,keyasint"`
	At     int64  `cbor:"4,keyasint"`
	Seq    uint64 `cbor:"5,keyasint"`
}

// ProposalState is one version of the minutes that was proposed.
type ProposalState struct {
	Version    uint             `cbor:"1,keyasint"`
	Content    []byte           `cbor:"2,keyasint"` // canonical JSON of MinutesContent
	Digest     [32]byte         `cbor:"3,keyasint"`
	By         ID               `cbor:"4,keyasint"`
	At         int64            `cbor:"5,keyasint"`
	Seq        uint64           `cbor:"6,keyasint"`
	Present    []ID             `cbor:"7,keyasint"` // who attended
	Required   []ID             `cbor:"8,keyasint"` // who must sign
	Signatures []SignatureState `cbor:"9,keyasint"`
	Reopened   *ReopenedState   `cbor:"10,keyasint"` // set when it was taken back
}

// ReopenedState says who took a proposal back, and why.
type ReopenedState struct {
	By     ID     `cbor:"1,keyasint"`
	At     int64  `cbor:"2,keyasint"`
	Reason string `cbor:"3,keyasint"`
}

// SignatureState is one participant's declaration.
type SignatureState struct {
	User        ID     `cbor:"1,keyasint"`
	Seq         uint64 `cbor:"2,keyasint"`
	At          int64  `cbor:"3,keyasint"`
	Declaration []byte `cbor:"4,keyasint"` // canonical JSON
	Key         []byte `cbor:"5,keyasint"`
	Signature   []byte `cbor:"6,keyasint"`
	Certificate []byte `cbor:"7,keyasint"`
}

// AddendumState is a correction of the sealed minutes.
type AddendumState struct {
	User      ID     `cbor:"1,keyasint"`
	Seq       uint64 `cbor:"2,keyasint"`
	At        int64  `cbor:"3,keyasint"`
	Content   []byte `cbor:"4,keyasint"` // canonical JSON of AddendumContent
	Key       []byte `cbor:"5,keyasint"`
	Signature []byte `cbor:"6,keyasint"`
}

// Minutes decodes the proposal's content.
func (p *ProposalState) Minutes() (*MinutesContent, error) {
	var c MinutesContent
	if err := sign.Parse(p.Content, &c); err != nil {
		return nil, Errorf(CodeMalformed, "minutes: %w", err)
	}
	return &c, nil
}

// Declared decodes a declaration.
func (s *SignatureState) Declared() (*Declaration, error) {
	var d Declaration
	if err := sign.Parse(s.Declaration, &d); err != nil {
		return nil, Errorf(CodeMalformed, "declaration: %w", err)
	}
	return &d, nil
}

// Corrects decodes an addendum.
func (a *AddendumState) Corrects() (*AddendumContent, error) {
	var c AddendumContent
	if err := sign.Parse(a.Content, &c); err != nil {
		return nil, Errorf(CodeMalformed, "addendum: %w", err)
	}
	return &c, nil
}

// Proposal is the newest proposal, also when it was reopened; nil before there is one.
func (m *MinutesState) Proposal() *ProposalState {
	if len(m.Proposals) == 0 {
		return nil
	}
	return &m.Proposals[len(m.Proposals)-1]
}

// Signed finds a user's signature under a proposal.
func (p *ProposalState) Signed(user ID) (SignatureState, bool) {
	for _, s := range p.Signatures {
		if s.User == user {
			return s, true
		}
	}
	return SignatureState{}, false
}

// Awaited are the required signers who have not signed.
func (p *ProposalState) Awaited() []ID { return p.unsigned(p.Required) }

// PresentNotSigned are those who attended and have not signed.
func (p *ProposalState) PresentNotSigned() []ID { return p.unsigned(p.Present) }

func (p *ProposalState) unsigned(of []ID) []ID {
	var all []ID
	for _, id := range of {
		if _, ok := p.Signed(id); !ok {
			all = append(all, id)
		}
	}
	return all
}

// MaySign says whether a user attended or is a required signer.
func (p *ProposalState) MaySign(user ID) bool {
	return slices.Contains(p.Present, user) || slices.Contains(p.Required, user)
}

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
	slices.SortFunc(c.Attendance, func(a, b MinutesAttendee) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.User.Compare(b.User))
	})
	for _, p := range it.Current() {
		c.Positions = append(c.Positions, MinutesPosition{
			User: p.By, Name: r.nameIn(p.By), Position: p.Position, Text: p.Text, At: p.At,
		})
	}
	slices.SortFunc(c.Positions, func(a, b MinutesPosition) int {
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

func (r *Room) judgeMinutes(w writing, body any) (func(), error) {
	m := &r.item.Minutes
	sealed := m.State == StateSealed
	may := r.rights(w)
	secretary := may.chair || r.item.isSecretary(w.by)
	switch b := body.(type) {
	case *MinutesSealed:
		return r.judgeExport(may, b)
	case *MinutesAddendum:
		return r.judgeAddendum(w, b)
	}
	if sealed {
		return nil, Errorf(CodeSealed, "the minutes are sealed: a correction is an addendum")
	}
	switch b := body.(type) {
	case *MinutesSnapshot:
		if b.Format != formatSnapshot || len(b.State) == 0 || len(b.State) > maxSnapshot {
			return nil, invalid("state", "not a snapshot of a draft")
		}
		if m.State == StateProposed {
			return nil, Errorf(CodeConflict, "the minutes are proposed: reopen them first")
		}
		return func() {
			m.State, m.Snapshot = StateDraft, &SnapshotState{b.Format, b.State, w.by, w.at, w.seq}
		}, nil

	case *MinutesProposed:
		if !secretary {
			return nil, Errorf(CodeNotAllowed, "the chair or the secretary proposes the minutes")
		}
		return r.judgeProposal(w, b)

	case *MinutesReopened:
		if !secretary {
			return nil, Errorf(CodeNotAllowed, "the chair or the secretary takes the minutes back")
		}
		if err := text("reason", b.Reason, false); err != nil {
			return nil, err
		}
		p := m.Proposal()
		if m.State != StateProposed || b.Version != p.Version {
			return nil, Errorf(CodeConflict, "that version is not proposed")
		}
		return func() {
			p.Reopened = &ReopenedState{w.by, w.at, b.Reason}
			m.State = StateDraft
		}, nil

	case *MinutesSigned:
		return r.judgeSignature(w, b)
	}
	return nil, Errorf(CodeUnknown, "event of unknown type")
}

func (r *Room) judgeProposal(w writing, b *MinutesProposed) (func(), error) {
	m := &r.item.Minutes
	if m.State == StateProposed {
		return nil, Errorf(CodeConflict, "a version is proposed already")
	}
	var c MinutesContent
	if err := sign.Parse(b.Content, &c); err != nil {
		return nil, Errorf(CodeMalformed, "minutes: %w", err)
	}
	if MinutesDigest(b.Content) != b.Digest {
		return nil, Errorf(CodeChanged, "minutes: not what the digest covers")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	chain, err := parseHash(c.Place.Chain)
	if err != nil {
		return nil, err
	}
	seen := record.Place{Seq: c.Place.Seq, Chain: chain}
	if err := r.pub.checkSeen(seen); err != nil {
		return nil, err
	}
	want, err := r.ComposeMinutes(MinutesDraft{
		Title: c.Title, Zone: c.Held.Zone, Discussion: c.Discussion, Synthesis: c.Synthesis,
		Decisions: c.Decisions, Actions: c.Actions,
	}, seen)
	if err != nil {
		return nil, err
	}
	canonical, err := sign.Canonical(want)
	if err != nil {
		return nil, Errorf(CodeMalformed, "minutes: %w", err)
	}
	if !bytes.Equal(canonical, b.Content) || b.Version != want.Version {
		return nil, Errorf(CodeChanged, "minutes: not what the room knows: something came in between")
	}
	p := ProposalState{
		Version: b.Version, Content: b.Content, Digest: b.Digest, By: w.by, At: w.at, Seq: w.seq, Required: want.Signers,
	}
	for _, a := range want.Attendance {
		p.Present = append(p.Present, a.User)
	}
	return func() {
		m.State = StateProposed
		m.Proposals = append(m.Proposals, p)
	}, nil
}

func (c *MinutesContent) check() error {
	if err := firstError(
		line("title", c.Title, true), line("zone", c.Held.Zone, true), bounded("discussion", c.Discussion, maxSnapshot, false),
		bounded("synthesis", c.Synthesis, maxSnapshot, true),
	); err != nil {
		return err
	}
	if len(c.Decisions) > maxList || len(c.Actions) > maxList {
		return invalid("decisions", "too many decisions or actions")
	}
	for i, d := range c.Decisions {
		if err := text(numbered("decision", i), d, true); err != nil {
			return err
		}
	}
	for i, a := range c.Actions {
		field := numbered("action", i)
		if err := firstError(
			text(field, a.Text, true), text(field, a.Problem, false), text(field, a.Goal, false),
			line(field, a.PerformerName, false), civil(field, a.Due, false), text(field, a.Criterion, false),
		); err != nil {
			return err
		}
	}
	return nil
}

func (r *Room) judgeSignature(w writing, b *MinutesSigned) (func(), error) {
	m := &r.item.Minutes
	p := m.Proposal()
	if m.State != StateProposed {
		return nil, Errorf(CodeConflict, "no minutes are proposed")
	}
	if b.Digest != p.Digest {
		return nil, Errorf(CodeChanged, "signature under another version")
	}
	if !p.MaySign(w.by) {
		return nil, Errorf(CodeNotSigner, "neither present nor a required signer")
	}
	if _, twice := p.Signed(w.by); twice {
		return nil, Errorf(CodeConflict, "signed already")
	}
	if identity.KeyHash(b.Key) != w.device.KeyHash() {
		return nil, Errorf(CodeForgedAuthor, "signed by another key than the author's")
	}
	if err := identity.Verify(b.Key, LabelDeclaration, b.Declaration, b.Signature); err != nil {
		return nil, Errorf(CodeBadSignature, "declaration: %w", err)
	}
	var d Declaration
	if err := sign.Parse(b.Declaration, &d); err != nil {
		return nil, Errorf(CodeMalformed, "declaration: %w", err)
	}
	want, err := r.ComposeDeclaration(w.by, d.Position, d.Text, d.At)
	if err != nil {
		return nil, err
	}
	if d != want {
		return nil, Errorf(CodeChanged, "declaration: not how the signer stands in the minutes")
	}
	if d.Position != "" {
		if err := checkPosition(d.Position); err != nil {
			return nil, err
		}
	}
	if err := text("text", d.Text, false); err != nil {
		return nil, err
	}
	if err := checkSignerCertificate(b.Certificate, w.by, b.Key); err != nil {
		return nil, err
	}
	return func() {
		p.Signatures = append(p.Signatures, SignatureState{
			User: w.by, Seq: w.seq, At: w.at, Declaration: b.Declaration, Key: b.Key,
			Signature: b.Signature, Certificate: b.Certificate,
		})
		if d.Position != "" {
			r.item.Positions = append(r.item.Positions, PositionState{
				ID: w.id, By: w.by, Position: d.Position, Text: d.Text, At: w.at, Signed: true,
			})
		}
	}, nil
}

// checkSignerCertificate checks the certificate that comes with a signature: none, or
// one of the signer's by this very key.
func checkSignerCertificate(b []byte, user ID, key []byte) error {
	if len(b) == 0 {
		return nil
	}
	cert, err := identity.ParseDeviceCertificate(b)
	if err != nil {
		return Errorf(CodeBadCertificate, "signer: %w", err)
	}
	if err := cert.Verify(); err != nil {
		return Errorf(CodeBadCertificate, "signer: %w", err)
	}
	if cert.User != user || !bytes.Equal(cert.IdentityKey, key) {
		return Errorf(CodeBadCertificate, "signer: certificate of another user or key")
	}
	return nil
}

// JudgeSeal says whether the chair may seal now, as Apply would judge the statement.
func (r *Room) JudgeSeal(s Seal) error {
	_, err := r.judgeSeal(&s, 0, 0, ID{})
	return err
}

// NextSeal gives the seal statement's body for the current proposal, and the bundle
// whose hash it carries.
func (r *Room) NextSeal() (Seal, []byte, error) {
	bundle, err := r.buildBundle()
	if err != nil {
		return Seal{}, nil, err
	}
	p := r.item.Minutes.Proposal()
	s := Seal{Version: p.Version, Digest: p.Digest, Bundle: sha256.Sum256(bundle)}
	return s, bundle, r.JudgeSeal(s)
}

func (r *Room) judgeSeal(s *Seal, seq uint64, at int64, by ID) (func(), error) {
	if r.item == nil {
		return nil, Errorf(CodeNotAllowed, "minutes are those of an item")
	}
	m := &r.item.Minutes
	p := m.Proposal()
	switch {
	case m.State == StateSealed:
		return nil, Errorf(CodeSealed, "the minutes are sealed")
	case m.State != StateProposed || s.Version != p.Version:
		return nil, Errorf(CodeConflict, "that version is not proposed")
	case s.Digest != p.Digest:
		return nil, Errorf(CodeChanged, "seal of other minutes")
	case len(p.Awaited()) > 0:
		return nil, Errorf(CodeConflict, "%d required signatures are missing", len(p.Awaited()))
	}
	bundle, err := r.buildBundle()
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(bundle) != s.Bundle {
		return nil, Errorf(CodeChanged, "seal of another bundle: a signature came in between")
	}
	return func() {
		m.State = StateSealed
		m.Sealed = &SealState{Seal: *s, Seq: seq, Time: at, By: by}
	}, nil
}

func (r *Room) judgeExport(may authority, b *MinutesSealed) (func(), error) {
	m := &r.item.Minutes
	switch {
	case !may.chair && !may.collector:
		return nil, Errorf(CodeNotAllowed, "the chair files the sealed minutes")
	case m.State != StateSealed || b.Version != m.Sealed.Version:
		return nil, Errorf(CodeConflict, "that version is not sealed")
	case sha256.Sum256(b.Bundle) != m.Sealed.Bundle:
		return nil, Errorf(CodeChanged, "not the bundle that was sealed")
	case m.Exported:
		return nil, Errorf(CodeConflict, "the sealed minutes are filed already")
	}
	return func() { m.Exported = true }, nil
}

func (r *Room) judgeAddendum(w writing, b *MinutesAddendum) (func(), error) {
	m := &r.item.Minutes
	if m.State != StateSealed {
		return nil, Errorf(CodeConflict, "the minutes are not sealed")
	}
	if b.Of != m.Sealed.Digest {
		return nil, Errorf(CodeChanged, "addendum to other minutes")
	}
	if !m.Proposal().MaySign(w.by) {
		return nil, Errorf(CodeNotSigner, "neither present nor a required signer")
	}
	if identity.KeyHash(b.Key) != w.device.KeyHash() {
		return nil, Errorf(CodeForgedAuthor, "signed by another key than the author's")
	}
	if err := identity.Verify(b.Key, identity.LabelAddendum, b.Declaration, b.Signature); err != nil {
		return nil, Errorf(CodeBadSignature, "addendum: %w", err)
	}
	var c AddendumContent
	if err := sign.Parse(b.Declaration, &c); err != nil {
		return nil, Errorf(CodeMalformed, "addendum: %w", err)
	}
	name, _, _ := r.signerAs(w.by)
	if c.Format != FormatAddendum || c.Of != hex.EncodeToString(b.Of[:]) || c.User != w.by || c.Name != name {
		return nil, Errorf(CodeChanged, "addendum: not of its author, or to other minutes")
	}
	if err := text("text", c.Text, true); err != nil {
		return nil, err
	}
	return func() {
		m.Addenda = append(m.Addenda, AddendumState{
			User: w.by, Seq: w.seq, At: w.at, Content: b.Declaration, Key: b.Key, Signature: b.Signature,
		})
	}, nil
}
