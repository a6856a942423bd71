package rooms

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/sign"
)

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
