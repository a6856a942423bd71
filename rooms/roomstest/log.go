package roomstest

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
)

// Ring is a set of record keys, by group and epoch.
type Ring map[record.EpochID]record.Key

// RecordKey finds a key.
func (r Ring) RecordKey(group []byte, epoch uint64) (record.Key, bool) {
	k, ok := r[record.EpochID{Group: string(group), Epoch: epoch}]
	return k, ok
}

// Log is a room: its log, the server's view, and the group of every device in it.
type Log struct {
	World   *World
	ID      ID
	Genesis rooms.Genesis
	Creator *Device
	Entries []rooms.Entry
	Public  *rooms.Public
	Info    []byte // the newest GroupInfo
	Groups  map[ID]*mls.Group
	Rings   map[ID]Ring // what each device could export
	All     Ring        // every epoch's key
}

// Open makes a room by its creator's first device. Fields of g that every genesis has
// are filled in.
func (w *World) Open(creator *User, g rooms.Genesis) *Log {
	w.TB.Helper()
	id := identity.NewID()
	l, err := w.OpenAs(id, creator, w.Genesis(id, creator, g))
	require.NoError(w.TB, err)
	return l
}

// Genesis fills in the fields that every genesis has, but for group and GroupInfo.
func (w *World) Genesis(id ID, creator *User, g rooms.Genesis) rooms.Genesis {
	g.Rules, g.Creator, g.Suite = rooms.Rules, creator.Party(), uint16(w.Suite)
	if g.Collectors == nil {
		g.Collectors = []rooms.Party{creator.Party()}
	}
	if g.Kind == rooms.KindDossier && g.Case.IsZero() {
		g.Case = id
	}
	g.Group = rooms.GroupID(id, 0)
	return g
}

// OpenAs makes a room from a genesis as it stands, and says why it is refused.
func (w *World) OpenAs(id ID, creator *User, g rooms.Genesis) (*Log, error) {
	w.TB.Helper()
	d := creator.Device()
	group, err := mls.NewGroup(d.Client(), g.Group, rooms.GroupExtensions(), time.UnixMilli(w.Now))
	require.NoError(w.TB, err)
	if g.GroupInfo == nil {
		g.GroupInfo, err = group.GroupInfo(nil)
		require.NoError(w.TB, err)
	}
	s, err := rooms.NewStatement(rooms.StatementGenesis, creator.ID, d.ID(), w.Now, nil, g, id)
	require.NoError(w.TB, err)
	payload, _, err := rooms.SignStatement(s, creator.Key)
	require.NoError(w.TB, err)
	return w.OpenWith(id, payload, d, group, g)
}

// OpenWith makes a room from a signed genesis.
func (w *World) OpenWith(id ID, payload []byte, d *Device, group *mls.Group, g rooms.Genesis) (*Log, error) {
	l := &Log{
		World: w, ID: id, Genesis: g, Creator: d, Info: g.GroupInfo, Groups: map[ID]*mls.Group{d.ID(): group},
		Rings: map[ID]Ring{}, All: Ring{},
	}
	e := l.Entry(record.KindStatement, payload)
	p, err := rooms.Begin(e)
	if err != nil {
		return nil, err
	}
	l.Public, l.Entries = p, []rooms.Entry{e}
	l.export()
	return l, nil
}

// Entry makes the entry that comes next, with the world's time.
func (l *Log) Entry(kind record.Kind, payload []byte) rooms.Entry {
	l.World.Now += l.World.Step
	return rooms.Entry{Payload: payload, Envelope: record.Envelope{
		Room: l.ID, Seq: uint64(len(l.Entries)) + 1, Time: l.World.Now, Kind: kind, Payload: sha256.Sum256(payload),
	}}
}

// Append is an honest server: it appends what Public accepts. A commit must come with
// the GroupInfo of its epoch; the devices in the room then follow it.
func (l *Log) Append(kind record.Kind, payload, groupInfo []byte) error {
	e := l.Entry(kind, payload)
	var err error
	if kind == record.KindCommit {
		err = l.Public.ApplyCommit(e, groupInfo, nil)
	} else {
		err = l.Public.Apply(e)
	}
	if err != nil {
		return err
	}
	l.Entries = append(l.Entries, e)
	if kind == record.KindCommit {
		l.Info = groupInfo
	}
	return nil
}

// Place is a lying server: the entry gets its place whatever it is.
func (l *Log) Place(kind record.Kind, payload []byte) rooms.Entry {
	e := l.Entry(kind, payload)
	if l.Public.Apply(e) != nil {
		require.NoError(l.World.TB, l.Public.Refuse(e))
	}
	l.Entries = append(l.Entries, e)
	return e
}

// export notes the record key that every device in the room has now.
func (l *Log) export() {
	for d, g := range l.Groups {
		b, err := g.Export(identity.LabelRecord, l.ID[:], 32)
		require.NoError(l.World.TB, err)
		if l.Rings[d] == nil {
			l.Rings[d] = Ring{}
		}
		id := record.EpochID{Group: string(g.GroupID()), Epoch: l.Public.Epoch()}
		l.Rings[d][id] = record.DeriveKey(b)
		l.All[id] = record.DeriveKey(b)
	}
}

// follow makes all devices but the committer's take in an accepted commit.
func (l *Log) follow(commit []byte, committer ID) {
	for id, g := range l.Groups {
		if id == committer {
			continue
		}
		p, err := g.Process(commit, time.UnixMilli(l.World.Now))
		require.NoError(l.World.TB, err)
		if p.Commit.SelfRemoved() {
			delete(l.Groups, id)
			continue
		}
		require.NoError(l.World.TB, g.Merge(p.Commit))
	}
	l.export()
}

// Sign makes a statement that names this room and others.
func (l *Log) Sign(by *User, t rooms.StatementType, body any, also ...ID) []byte {
	l.World.TB.Helper()
	return l.SignSeen(by, t, map[ID]record.Place{l.ID: l.Public.Place()}, body, also...)
}

// SignSeen is Sign with the places that the author says they saw.
func (l *Log) SignSeen(by *User, t rooms.StatementType, seen map[ID]record.Place, body any, also ...ID) []byte {
	l.World.TB.Helper()
	s, err := rooms.NewStatement(t, by.ID, by.Device().ID(), l.World.Now, seen, body, append(also, l.ID)...)
	require.NoError(l.World.TB, err)
	payload, _, err := rooms.SignStatement(s, by.Key)
	require.NoError(l.World.TB, err)
	return payload
}

// State appends a statement.
func (l *Log) State(by *User, t rooms.StatementType, body any, also ...ID) error {
	l.World.TB.Helper()
	return l.Append(record.KindStatement, l.Sign(by, t, body, also...), nil)
}

// Receipt gives the body of the next receipt for a user.
func (l *Log) Receipt(u *User) rooms.Receipt {
	c, _ := l.Public.Consent(u.ID)
	return rooms.Receipt{Participant: u.Party(), Room: l.ID, Number: c.Number + 1, HistoryFrom: 1}
}

// Consent appends a receipt.
func (l *Log) Consent(by, u *User) error {
	l.World.TB.Helper()
	return l.State(by, rooms.StatementReceipt, l.Receipt(u))
}

// Withdraw appends a withdrawal.
func (l *Log) Withdraw(by, u *User) error {
	l.World.TB.Helper()
	return l.State(by, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: u.ID})
}

// CommitData is what a commit would say now, citing the grounds of these users.
func (l *Log) CommitData(citations ...rooms.Citation) rooms.CommitData {
	return rooms.CommitData{Seen: l.Public.Place(), Citations: citations}
}

// JoinCommit makes the external commit by which a device would enter, with any data;
// resync removes its old leaf.
func (l *Log) JoinCommit(d *Device, data rooms.CommitData, resync *mls.LeafIndex) *mls.StagedCommit {
	l.World.TB.Helper()
	s, err := l.TryJoin(d, data, resync)
	require.NoError(l.World.TB, err)
	return s
}

// TryJoin is JoinCommit for what MLS itself may refuse.
func (l *Log) TryJoin(d *Device, data rooms.CommitData, resync *mls.LeafIndex) (*mls.StagedCommit, error) {
	l.World.TB.Helper()
	aad, err := rooms.EncodeCommitData(data)
	require.NoError(l.World.TB, err)
	return mls.JoinExternal(d.Client(), l.Info, mls.ExternalOptions{
		AuthenticatedData: aad, Resync: resync, Now: time.UnixMilli(l.World.Now),
	})
}

// Ground is the citation by which a user may enter; with the hash of their newest
// receipt even when it is no ground any more.
func (l *Log) Ground(u *User) []rooms.Citation {
	if c, ok := l.Public.Consent(u.ID); ok {
		return []rooms.Citation{{User: u.ID, Hash: c.Hash}}
	}
	return nil
}

// Join lets a device enter by an external commit that cites its user's receipt.
func (l *Log) Join(d *Device) error {
	l.World.TB.Helper()
	return l.JoinWith(d, l.CommitData(l.Ground(d.User)...), nil)
}

// JoinWith is Join with any data.
func (l *Log) JoinWith(d *Device, data rooms.CommitData, resync *mls.LeafIndex) error {
	l.World.TB.Helper()
	s := l.JoinCommit(d, data, resync)
	if err := l.Append(record.KindCommit, s.Message(), s.GroupInfo()); err != nil {
		return err
	}
	return l.Entered(d, s)
}

// Entered makes all devices follow an external commit that was accepted.
func (l *Log) Entered(d *Device, s *mls.StagedCommit) error {
	l.Info, l.Groups[d.ID()] = s.GroupInfo(), s.Group()
	l.follow(s.Message(), d.ID())
	return nil
}

// Committed makes all devices follow a member's commit that was accepted.
func (l *Log) Committed(d *Device, s *mls.StagedCommit) error {
	l.Info = s.GroupInfo()
	if err := l.Groups[d.ID()].Merge(s); err != nil {
		return err
	}
	l.follow(s.Message(), d.ID())
	return nil
}

// Commit makes a member's device commit proposals.
func (l *Log) Commit(d *Device, data rooms.CommitData, proposals ...mls.Proposal) error {
	l.World.TB.Helper()
	s, err := l.StageCommit(d, data, proposals...)
	if err != nil {
		return err
	}
	if err := l.Append(record.KindCommit, s.Message(), s.GroupInfo()); err != nil {
		return err
	}
	return l.Committed(d, s)
}

// StageMove makes a commit that ends the room's group in favour of one of the world's
// suite, and that group; change may spoil either.
func (l *Log) StageMove(d *Device, change func(*mls.ReInitProposal, *rooms.CommitData)) (*mls.StagedCommit, rooms.CommitData, *mls.Group) {
	l.World.TB.Helper()
	next, err := mls.NewGroup(d.Client(), l.Public.NextGroupID(), rooms.GroupExtensions(), time.UnixMilli(l.World.Now))
	require.NoError(l.World.TB, err)
	data := l.CommitData()
	data.Successor, err = next.GroupInfo(nil)
	require.NoError(l.World.TB, err)
	proposal := mls.ReInitProposal{GroupID: next.GroupID(), Suite: l.World.Suite, Extensions: rooms.GroupExtensions()}
	if change != nil {
		change(&proposal, &data)
	}
	aad, err := rooms.EncodeCommitData(data)
	require.NoError(l.World.TB, err)
	staged, err := l.Groups[d.ID()].Commit(mls.CommitOptions{
		Proposals: []mls.Proposal{proposal}, AuthenticatedData: aad, OmitPath: true, Now: time.UnixMilli(l.World.Now),
	})
	require.NoError(l.World.TB, err)
	return staged, data, next
}

// Move makes a member's device move the room to the world's suite. The others are out
// of its group until they join.
func (l *Log) Move(d *Device) error {
	l.World.TB.Helper()
	staged, data, next := l.StageMove(d, nil)
	if err := l.Append(record.KindCommit, staged.Message(), data.Successor); err != nil {
		return err
	}
	l.Moved(d, next, data.Successor)
	return nil
}

// Moved leaves nobody but the device that moved the room in its group.
func (l *Log) Moved(d *Device, next *mls.Group, groupInfo []byte) {
	l.Info, l.Groups = groupInfo, map[ID]*mls.Group{d.ID(): next}
	l.export()
}

// StageCommit makes a commit without sending it.
func (l *Log) StageCommit(d *Device, data rooms.CommitData, proposals ...mls.Proposal) (*mls.StagedCommit, error) {
	aad, err := rooms.EncodeCommitData(data)
	require.NoError(l.World.TB, err)
	g, ok := l.Groups[d.ID()]
	if !ok {
		return nil, fmt.Errorf("roomstest: the device has no group")
	}
	return g.Commit(mls.CommitOptions{
		Proposals: proposals, AuthenticatedData: aad, LeafExtensions: d.Client().LeafExtensions, Now: time.UnixMilli(l.World.Now),
	})
}

// Remove makes a member's device take out everybody whose removal is pending.
func (l *Log) Remove(by *Device) error {
	l.World.TB.Helper()
	pending := l.Public.RemovalPending(l.World.Now + l.World.Step)
	var proposals []mls.Proposal
	for _, m := range l.Public.Members() {
		for _, c := range pending {
			if c.User == m.User {
				proposals = append(proposals, mls.RemoveProposal{LeafIndex: m.Leaf})
			}
		}
	}
	return l.Commit(by, l.CommitData(pending...), proposals...)
}

// Event gives an event of a device as it would be written now.
func (l *Log) Event(d *Device, eventType string, body any) record.Event {
	l.World.TB.Helper()
	ev, err := rooms.NewEvent(eventType, d.User.ID, d.ID(), l.ID, l.World.Now, body)
	require.NoError(l.World.TB, err)
	ev.Group, ev.Epoch, ev.Seen = l.Public.GroupID(), l.Public.Epoch(), l.Public.Place()
	return ev
}

// SealEvent seals an event under the key of the epoch that it names, whoever has it.
func (l *Log) SealEvent(ev record.Event, signer *Device) []byte {
	l.World.TB.Helper()
	key, ok := l.All.RecordKey(ev.Group, ev.Epoch)
	require.True(l.World.TB, ok)
	payload, err := rooms.SealEvent(ev, signer.Key.SignatureKey(), key)
	require.NoError(l.World.TB, err)
	return payload
}

// Write appends an event and gives its id.
func (l *Log) Write(d *Device, eventType string, body any) (ID, error) {
	l.World.TB.Helper()
	ev := l.Event(d, eventType, body)
	return ev.ID, l.Append(record.KindEvent, l.SealEvent(ev, d), nil)
}

// Fold folds the log from the start with these keys.
func (l *Log) Fold(keys rooms.Keys) *rooms.Room {
	l.World.TB.Helper()
	r, err := rooms.BeginRoom(l.Entries[0])
	require.NoError(l.World.TB, err)
	for _, e := range l.Entries[1:] {
		_, err := r.Apply(e, keys)
		require.NoError(l.World.TB, err)
	}
	return r
}
