package rooms

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/sign"
)

// MaxFile is the most bytes of an exported file.
const MaxFile = 8 << 20

// VerifyBundle verifies an exported file (or a bare bundle) by itself, without network
// or server: who signed what, who was present and did not, whether anything was
// changed, and whose trust that relies on. An error means that the file is no such
// file at all; everything else is in the report.
func VerifyBundle(file []byte) (*Report, error) {
	if len(file) > MaxFile {
		return nil, Errorf(CodeTooLarge, "file of %d bytes, at most %d", len(file), MaxFile)
	}
	var f MinutesFile
	if err := sign.Parse(file, &f); err != nil || f.Format != FormatFile {
		f = MinutesFile{Format: FormatFile, Bundle: file}
	}
	var b Bundle
	if err := sign.Parse(f.Bundle, &b); err != nil {
		return nil, Errorf(CodeMalformed, "not a file of sealed minutes: %w", err)
	}
	if b.Format != FormatBundle {
		return nil, Errorf(CodeUnknown, "not a file of sealed minutes, or of a newer version")
	}
	var c MinutesContent
	if err := sign.Parse(b.Minutes, &c); err != nil || c.Format != FormatMinutes {
		return nil, Errorf(CodeMalformed, "the minutes in the file cannot be read")
	}
	v := &verifier{file: f, bundle: b, minutes: &c, report: &Report{
		Minutes: &c, Problems: []Problem{}, Signed: []SignerReport{}, PresentNotSigned: []NamedUser{},
		RequiredNotSigned: []NamedUser{}, Addenda: []AddendumReport{}, Trust: []TrustReport{}, NotChecked: []string{},
	}}
	v.verify()
	return v.report, nil
}

// verifier checks one file, part by part, and goes on after a fault.
type verifier struct {
	file    MinutesFile
	bundle  Bundle
	minutes *MinutesContent
	report  *Report

	genesis    *Genesis
	collectors map[ID][32]byte
	bound      map[ID]binding // the key by which a user is in the room, and who says so
}

type binding struct {
	key [32]byte
	by  ID
}

func (v *verifier) problem(code Code, where, detail string) {
	v.report.Problems = append(v.report.Problems, Problem{code, where, detail})
}

func (v *verifier) verify() {
	digest := MinutesDigest(v.bundle.Minutes)
	v.report.Digest = hex.EncodeToString(digest[:])
	if v.report.Digest != v.bundle.Digest {
		v.problem(CodeChanged, "minutes", "the minutes are not those of the digest")
	}
	v.evidence()
	for _, a := range v.minutes.Attendance {
		if b, ok := v.bound[a.User]; ok && a.KeyHash != hex.EncodeToString(b.key[:]) {
			v.problem(CodeChanged, "minutes", "the attendance names another key than the room's log")
		}
	}
	v.declarations()
	v.missing()
	v.seal()
	v.addenda()
	for _, p := range v.file.Proofs {
		v.report.NotChecked = append(v.report.NotChecked, p.Kind)
	}
	order.By(v.report.Trust, func(a, b TrustReport) int {
		return cmp.Or(cmp.Compare(trustRank(a.As), trustRank(b.As)), a.User.Compare(b.User))
	})
	v.report.Whole = len(v.report.Problems) == 0
}

func trustRank(as string) int {
	return slices.Index([]string{"FOUNDER", "COLLECTOR", "PERSON"}, as)
}

// evidence folds the statements: who may vouch, and for which keys they did.
func (v *verifier) evidence() {
	v.collectors, v.bound = map[ID][32]byte{}, map[ID]binding{}
	last := uint64(0)
	for i, e := range v.bundle.Evidence {
		where := numbered("evidence", i)
		s, key, _, err := ParseStatement(e.Statement)
		if err != nil {
			v.problem(CodeOf(err), where, "a statement of the room's log does not verify")
			continue
		}
		if e.Seq <= last && i > 0 || !s.names(v.minutes.Room) {
			v.problem(CodeChanged, where, "a statement stands in the wrong place")
			continue
		}
		last = e.Seq
		body, err := DecodeStatement(s)
		if err != nil {
			v.problem(CodeOf(err), where, "a statement of the room's log cannot be read")
			continue
		}
		hash := identity.KeyHash(key)
		if g, ok := body.(*Genesis); ok {
			v.begin(g, s, hash, where, i)
			continue
		}
		if v.genesis == nil {
			v.problem(CodeChanged, where, "the room's genesis is missing")
			continue
		}
		v.fold(body, s, hash, where)
	}
	if v.genesis == nil {
		v.problem(CodeChanged, "evidence", "the room's genesis is missing")
	}
}

func (v *verifier) begin(g *Genesis, s Statement, key [32]byte, where string, i int) {
	if i != 0 || v.genesis != nil || g.Creator.User != s.Author || g.Creator.KeyHash != key || g.Kind != KindItem ||
		g.Session != v.minutes.Session {
		v.problem(CodeForgedAuthor, where, "the genesis is not that of the minutes' room")
		return
	}
	v.genesis = g
	for _, c := range g.Collectors {
		v.collectors[c.User] = c.KeyHash
	}
	v.trust(s.Author, "FOUNDER", key, ID{})
	for _, p := range []*Party{g.Person, g.Chair} {
		if p != nil {
			v.bind(*p, s.Author)
		}
	}
}

func (v *verifier) bind(p Party, by ID) {
	v.bound[p.User] = binding{p.KeyHash, by}
	for i := range v.report.Trust {
		if t := &v.report.Trust[i]; t.User == by && !slices.Contains(t.VouchedFor, p.User) {
			t.VouchedFor = append(t.VouchedFor, p.User)
		}
	}
}

func (v *verifier) trust(user ID, as string, key [32]byte, vouched ID) {
	i := slices.IndexFunc(v.report.Trust, func(t TrustReport) bool { return t.User == user })
	if i < 0 {
		v.report.Trust = append(v.report.Trust, TrustReport{
			User: user, Name: v.nameOf(user), As: as, Fingerprint: Fingerprint(key), VouchedFor: []ID{},
		})
		i = len(v.report.Trust) - 1
	}
	if t := &v.report.Trust[i]; !vouched.IsZero() && !slices.Contains(t.VouchedFor, vouched) {
		t.VouchedFor = append(t.VouchedFor, vouched)
	}
}

func (v *verifier) fold(body any, s Statement, key [32]byte, where string) {
	collector := v.collectors[s.Author] == key
	person := v.genesis.Person != nil && v.genesis.Person.User == s.Author && v.bound[s.Author].key == key
	as := "COLLECTOR"
	if !collector {
		as = "PERSON"
	}
	switch b := body.(type) {
	case *Receipt:
		if !collector && !person {
			v.problem(CodeForgedAuthor, where, "a receipt by somebody who may not collect consents")
			return
		}
		v.trust(s.Author, as, key, b.Participant.User)
		v.bound[b.Participant.User] = binding{b.Participant.KeyHash, s.Author}
	case *CollectorsChange:
		if !collector && !person {
			v.problem(CodeForgedAuthor, where, "collectors changed by somebody who may not")
			return
		}
		v.trust(s.Author, as, key, ID{})
		for _, id := range b.Remove {
			delete(v.collectors, id)
		}
		for _, p := range b.Add {
			v.collectors[p.User] = p.KeyHash
		}
	case *Withdrawal: // whoever withdrew before the proposal has no key to sign with
		delete(v.collectors, b.Participant)
	}
}

func (v *verifier) declarations() {
	seen := map[ID]bool{}
	for i, d := range v.bundle.Declarations {
		where := numbered("declaration", i)
		var dec Declaration
		if err := sign.Parse(d.Declaration, &dec); err != nil || dec.Format != FormatDeclaration {
			v.problem(CodeMalformed, where, "a declaration cannot be read")
			continue
		}
		row := SignerReport{
			User: dec.User, Name: dec.Name, Role: dec.Role, Duty: dec.Duty, Position: dec.Position, Text: dec.Text,
			At: dec.At, Fingerprint: KeyFingerprint(d.Signature.Key), Valid: true,
			Required: slices.Contains(v.minutes.Signers, dec.User), Present: v.isPresent(dec.User),
		}
		fault := func(code Code, detail string) {
			row.Valid = false
			v.problem(code, where, detail)
		}
		if err := d.Signature.Verify(LabelDeclaration, d.Declaration); err != nil {
			fault(CodeBadSignature, "the signature does not verify")
		}
		if dec.Digest != v.report.Digest {
			fault(CodeChanged, "the declaration is about other minutes")
		}
		if seen[dec.User] {
			fault(CodeReplay, "a second declaration of one signer")
		}
		if !row.Present && !row.Required {
			fault(CodeNotSigner, "the signer neither attended nor had to sign")
		}
		if b, ok := v.bound[dec.User]; !ok || b.key != identity.KeyHash(d.Signature.Key) {
			fault(CodeForgedAuthor, "the key is not the one by which the signer was let into the room")
		} else {
			row.VouchedBy = b.by
		}
		if err := checkSignerCertificate(d.Certificate, dec.User, d.Signature.Key); err != nil {
			fault(CodeBadCertificate, "the signer's certificate does not verify")
		}
		seen[dec.User] = true
		v.report.Signed = append(v.report.Signed, row)
	}
}

func (v *verifier) isPresent(user ID) bool {
	return slices.ContainsFunc(v.minutes.Attendance, func(a MinutesAttendee) bool { return a.User == user })
}

func (v *verifier) nameOf(user ID) string {
	for _, a := range v.minutes.Attendance {
		if a.User == user {
			return a.Name
		}
	}
	for _, p := range v.minutes.Positions {
		if p.User == user {
			return p.Name
		}
	}
	return ""
}

func (v *verifier) missing() {
	signed := map[ID]bool{}
	for _, s := range v.report.Signed {
		signed[s.User] = signed[s.User] || s.Valid
	}
	for _, a := range v.minutes.Attendance {
		if !signed[a.User] {
			v.report.PresentNotSigned = append(v.report.PresentNotSigned, NamedUser{a.User, a.Name, a.Role})
		}
	}
	for _, id := range v.minutes.Signers {
		if !signed[id] {
			v.report.RequiredNotSigned = append(v.report.RequiredNotSigned, NamedUser{User: id, Name: v.nameOf(id)})
		}
	}
}

func (v *verifier) seal() {
	if len(v.file.Seal) == 0 {
		return // a bare bundle: the report shows no seal
	}
	s, key, _, err := ParseStatement(v.file.Seal)
	if err != nil {
		v.problem(CodeOf(err), "seal", "the seal does not verify")
		return
	}
	row := &SealReport{User: s.Author, At: s.Time, Fingerprint: KeyFingerprint(key), Valid: true}
	v.report.Seal = row
	fault := func(code Code, detail string) {
		row.Valid = false
		v.problem(code, "seal", detail)
	}
	body, err := DecodeStatement(s)
	seal, ok := body.(*Seal)
	if err != nil || !ok || !s.names(v.minutes.Room) {
		fault(CodeMalformed, "the seal is no seal of this room")
		return
	}
	if hex.EncodeToString(seal.Digest[:]) != v.report.Digest || seal.Version != v.minutes.Version ||
		seal.Bundle != sha256.Sum256(v.file.Bundle) {
		fault(CodeChanged, "the seal fixes another file: something was changed after it")
	}
	if v.genesis == nil || v.genesis.Chair == nil || v.genesis.Chair.User != s.Author ||
		v.genesis.Chair.KeyHash != identity.KeyHash(key) {
		fault(CodeForgedAuthor, "the seal is not the chair's")
	}
	if len(v.report.RequiredNotSigned) > 0 {
		fault(CodeNotSigner, "sealed before all who had to had signed")
	}
}

func (v *verifier) addenda() {
	for i, a := range v.file.Addenda {
		where := numbered("addendum", i)
		var c AddendumContent
		if err := sign.Parse(a.Addendum, &c); err != nil || c.Format != FormatAddendum {
			v.problem(CodeMalformed, where, "an addendum cannot be read")
			continue
		}
		row := AddendumReport{
			User: c.User, Name: c.Name, Text: c.Text, At: c.At, Valid: true, Fingerprint: KeyFingerprint(a.Signature.Key),
		}
		fault := func(code Code, detail string) {
			row.Valid = false
			v.problem(code, where, detail)
		}
		if err := a.Signature.Verify(identity.LabelAddendum, a.Addendum); err != nil {
			fault(CodeBadSignature, "the signature does not verify")
		}
		if c.Of != v.report.Digest {
			fault(CodeChanged, "the addendum is to other minutes")
		}
		if b, ok := v.bound[c.User]; !ok || b.key != identity.KeyHash(a.Signature.Key) {
			fault(CodeForgedAuthor, "the key is not the one by which the author was let into the room")
		}
		if !v.isPresent(c.User) && !slices.Contains(v.minutes.Signers, c.User) {
			fault(CodeNotSigner, "the author neither attended nor had to sign")
		}
		v.report.Addenda = append(v.report.Addenda, row)
	}
}
