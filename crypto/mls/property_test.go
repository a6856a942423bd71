package mls

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// world is a group under random operations: its members, the server's view, and
// those who were removed, with all that they know.
type world struct {
	t       *rapid.T
	members []*Group
	server  *PublicGroup
	ghosts  []*ghost
	psks    map[string][]byte
	names   int
}

// ghost is a removed member who kept everything.
type ghost struct {
	group *Group
}

func TestRandomHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suiteID := rapid.SampledFrom([]CipherSuite{X25519AES128, P256AES128, X25519ChaCha, MLKEM768X25519ChaCha}).Draw(t, "suite")
		w := &world{t: t, psks: map[string][]byte{}}
		first, err := NewGroup(w.client(suiteID), groupID, nil, testNow)
		require.NoError(t, err)
		info, err := first.GroupInfo(nil)
		require.NoError(t, err)
		w.server, err = NewPublicGroup(info, testNow)
		require.NoError(t, err)
		w.members = []*Group{first}
		operations := map[string]func(){
			"commit": w.commit, "add": w.add, "external commit": w.external, "resync": w.resync,
			"race": w.race, "reload": w.reload, "talk": w.talk,
			"reinit": w.reInit, "branch": w.branch,
		}
		names := slices.Sorted(maps.Keys(operations))
		for range rapid.IntRange(2, 12).Draw(t, "steps") {
			operations[rapid.SampledFrom(names).Draw(t, "operation")]()
		}
		w.talk()
	})
}

func (w *world) client(s CipherSuite) Client {
	w.names++
	c := newClient(w.t, s, fmt.Sprintf("client %d", w.names))
	c.GREASE = w.flip("grease")
	c.PSK = func(id PreSharedKeyID) []byte {
		if id.Type == PSKExternal {
			return w.psks[string(id.ID)]
		}
		return nil
	}
	return c
}

func (w *world) someone() int { return rapid.IntRange(0, len(w.members)-1).Draw(w.t, "member") }

func (w *world) flip(what string) bool { return rapid.Bool().Draw(w.t, what) }

// accept lets the server and all members but from follow a commit.
func (w *world) accept(from int, staged *StagedCommit) {
	t := w.t
	message := staged.Message()
	w.outsidersLearnNothing(message)
	followed, err := w.server.Process(message, testNow)
	require.NoError(t, err)
	require.Equal(t, staged.Changes(), followed.Changes())
	require.NoError(t, followed.CheckGroupInfo(staged.GroupInfo()))
	require.NoError(t, w.server.Merge(followed))
	var rest []*Group
	for i, g := range w.members {
		if i == from {
			require.NoError(t, g.Merge(staged))
			rest = append(rest, g)
			continue
		}
		before, err := g.MarshalBinary()
		require.NoError(t, err)
		p, err := g.Process(message, testNow)
		require.NoError(t, err)
		require.Equal(t, staged.Changes(), p.Commit.Changes())
		require.NoError(t, g.Merge(p.Commit))
		if !p.Commit.SelfRemoved() {
			rest = append(rest, g)
			continue
		}
		require.ErrorIs(t, g.Ended(), ErrRemoved)
		kept, err := UnmarshalGroup(before, g.client)
		require.NoError(t, err)
		w.ghosts = append(w.ghosts, &ghost{group: kept})
	}
	w.members = rest
	if g := staged.Group(); g != nil {
		w.members = append(w.members, g)
	}
	if len(staged.Welcome()) == 0 {
		w.settled()
	}
}

// settled requires that all members and the server agree.
func (w *world) settled() {
	agree(w.t, w.members)
	g := w.members[0]
	require.Equal(w.t, g.TreeHash(), w.server.TreeHash())
	require.Equal(w.t, g.public.interim, w.server.state.interim)
	require.Len(w.t, w.server.Members(), len(w.members))
	for _, m := range w.members {
		leaf, ok := g.Member(m.OwnIndex())
		require.True(w.t, ok)
		require.NoError(w.t, m.client.owns(m.suite, leaf))
		for x, k := range m.keys {
			require.Equal(w.t, g.public.tree.key(x), k.PublicKey().Bytes())
			require.True(w.t, x.covers(m.OwnIndex()))
		}
	}
	require.NoError(w.t, g.public.tree.validate(g.public.context.groupID, g.public.context.extensions))
}

// outsidersLearnNothing tries every key of every removed member on every path
// secret of a commit.
func (w *world) outsidersLearnNothing(message []byte) {
	m, err := parseMessage(message)
	require.NoError(w.t, err)
	state := w.server.state
	tr, _, err := state.stage(m.public.authenticated(), testNow)
	require.NoError(w.t, err)
	provisional := tr.provisional()
	context := provisional.encode()
	gone := slices.Clone(w.ghosts)
	for _, removed := range tr.removed {
		for _, g := range w.members {
			if g.OwnIndex() == removed.Index {
				gone = append(gone, &ghost{group: g})
			}
		}
	}
	for _, g := range gone {
		for _, n := range m.public.content.commit.path.nodes {
			for _, c := range n.secrets {
				for _, key := range g.group.keys {
					_, err := state.suite.decryptWithLabel(key, "UpdatePathNode", context, c)
					require.ErrorIs(w.t, err, ErrDecrypt)
				}
			}
		}
	}
}

// talk lets somebody send several messages, which the others receive in some
// order; those who are out cannot read them.
func (w *world) talk() {
	t := w.t
	from := w.someone()
	var sent [][]byte
	for i := range rapid.IntRange(1, 4).Draw(t, "messages") {
		m, err := w.members[from].Encrypt([]byte(fmt.Sprint("text ", i)), nil)
		require.NoError(t, err)
		sent = append(sent, m)
	}
	order := rapid.Permutation(sent).Draw(t, "order")
	for i, g := range w.members {
		if i == from {
			continue
		}
		for _, m := range order {
			p, err := g.Process(m, testNow)
			require.NoError(t, err)
			require.Contains(t, string(p.Application.Data), "text ")
			_, err = g.Process(m, testNow)
			require.ErrorIs(t, err, ErrReplay)
		}
	}
	secret, err := w.members[from].Export("property", nil, 32)
	require.NoError(t, err)
	for _, ghost := range w.ghosts {
		g := ghost.group
		_, err := g.Process(sent[0], testNow)
		require.ErrorIs(t, err, ErrFutureEpoch)
		renamed, err := parseMessage(sent[0])
		require.NoError(t, err)
		renamed.private.epoch = g.Epoch()
		_, err = g.Process(renamed.append(nil), testNow)
		require.ErrorIs(t, err, ErrDecrypt)
		_, err = g.suite.openSenderData(g.secrets.senderData, renamed.private)
		require.ErrorIs(t, err, ErrDecrypt)
		old, err := g.Export("property", nil, 32)
		require.NoError(t, err)
		require.NotEqual(t, secret, old)
	}
}

// commit changes the group in some way, by value or by reference.
func (w *world) commit() {
	t := w.t
	from := w.someone()
	opts := CommitOptions{Now: testNow}
	touched := map[LeafIndex]bool{w.members[from].OwnIndex(): true}
	for i, g := range w.members {
		if touched[g.OwnIndex()] || rapid.IntRange(0, 3).Draw(t, "touch") != 0 {
			continue
		}
		touched[g.OwnIndex()] = true
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			m, err := g.ProposeUpdate(nil, nil)
			opts.ByReference = append(opts.ByReference, w.propose(i, m, err))
		case 1:
			m, err := w.members[from].ProposeRemove(g.OwnIndex(), nil)
			opts.ByReference = append(opts.ByReference, w.propose(from, m, err))
		default:
			opts.Proposals = append(opts.Proposals, RemoveProposal{LeafIndex: g.OwnIndex()})
		}
	}
	if w.flip("extensions") {
		opts.Proposals = append(opts.Proposals, GroupContextExtensionsProposal{
			Extensions: []Extension{{Type: extensionPrivate, Data: randomBytes(8)}, RequiredCapabilities{Extensions: []uint16{extensionPrivate}}.Extension()},
		})
	}
	if w.flip("psk") {
		name := fmt.Sprint("psk ", len(w.psks))
		w.psks[name] = randomBytes(32)
		opts.Proposals = append(opts.Proposals, PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKExternal, ID: []byte(name)}})
	}
	staged, err := w.members[from].Commit(opts)
	require.NoError(t, err)
	w.accept(from, staged)
}

func (w *world) propose(from int, m []byte, err error) (ref ProposalRef) {
	require.NoError(w.t, err)
	require.NoError(w.t, w.server.ProcessProposal(m, testNow))
	for i, g := range w.members {
		if i == from {
			continue
		}
		p, err := g.Process(m, testNow)
		require.NoError(w.t, err)
		ref = p.Proposal.Ref
	}
	pending := w.server.PendingProposals()
	if len(w.members) > 1 {
		require.Equal(w.t, pending[len(pending)-1].Ref, ref)
	}
	return pending[len(pending)-1].Ref
}

// add brings in one to three members by Welcome, some of them while others go.
func (w *world) add() {
	t := w.t
	if len(w.members) > 9 {
		return
	}
	from := w.someone()
	g := w.members[from]
	opts := CommitOptions{Now: testNow}
	var private []*KeyPackagePrivate
	var clients []Client
	for range rapid.IntRange(1, 3).Draw(t, "added") {
		c := w.client(g.Suite())
		kp, p := newKeyPackage(t, c)
		opts.Proposals = append(opts.Proposals, AddProposal{KeyPackage: kp})
		private, clients = append(private, p), append(clients, c)
	}
	if w.flip("remove too") && len(w.members) > 1 {
		other := w.members[(from+1)%len(w.members)]
		opts.Proposals = append(opts.Proposals, RemoveProposal{LeafIndex: other.OwnIndex()})
	}
	staged, err := g.Commit(opts)
	require.NoError(t, err)
	welcome := staged.Welcome()
	w.accept(from, staged)

	// Somebody with another key package of the same client has no entry, and
	// with none of the entries can they do anything.
	_, stranger := newKeyPackage(t, clients[0])
	_, err = JoinWelcome(clients[0], welcome, stranger, JoinOptions{})
	require.ErrorIs(t, err, ErrWelcome)
	m, err := parseMessage(welcome)
	require.NoError(t, err)
	for _, e := range m.welcome.secrets {
		_, err := g.suite.decryptWithLabel(stranger.initKey, "Welcome", m.welcome.encryptedGroupInfo, e.secrets)
		require.ErrorIs(t, err, ErrDecrypt)
	}
	for i, p := range private {
		joined, err := JoinWelcome(clients[i], welcome, p, JoinOptions{Now: testNow})
		require.NoError(t, err)
		w.members = append(w.members, joined)
	}
	w.settled()
}

// external lets somebody come in by themselves.
func (w *world) external() {
	if len(w.members) > 9 {
		return
	}
	g := w.members[w.someone()]
	info, err := g.GroupInfo(nil)
	require.NoError(w.t, err)
	staged, err := JoinExternal(w.client(g.Suite()), info, ExternalOptions{Now: testNow})
	require.NoError(w.t, err)
	w.accept(-1, staged)
}

// resync lets a member come back in place of themselves.
func (w *world) resync() {
	if len(w.members) < 2 {
		return
	}
	at := w.someone()
	lost := w.members[at]
	info, err := w.members[(at+1)%len(w.members)].GroupInfo(nil)
	require.NoError(w.t, err)
	own := lost.OwnIndex()
	staged, err := JoinExternal(lost.client, info, ExternalOptions{Resync: &own, Now: testNow})
	require.NoError(w.t, err)
	w.accept(-1, staged)
}

// race lets two members commit at once: one wins, the other follows.
func (w *world) race() {
	if len(w.members) < 2 {
		return
	}
	a := w.someone()
	b := (a + 1) % len(w.members)
	lost, err := w.members[b].Commit(CommitOptions{})
	require.NoError(w.t, err)
	won, err := w.members[a].Commit(CommitOptions{})
	require.NoError(w.t, err)
	loser := w.members[b]
	w.accept(a, won)
	require.ErrorIs(w.t, loser.Merge(lost), ErrNotStaged)
	_, err = w.members[a].Process(lost.Message(), testNow)
	require.ErrorIs(w.t, err, ErrStaleEpoch)
}

// reload lets a member and the server start again from what they stored.
func (w *world) reload() {
	at := w.someone()
	b, err := w.members[at].MarshalBinary()
	require.NoError(w.t, err)
	w.members[at], err = UnmarshalGroup(b, w.members[at].client)
	require.NoError(w.t, err)
	b, err = w.server.MarshalBinary()
	require.NoError(w.t, err)
	w.server, err = UnmarshalPublicGroup(b)
	require.NoError(w.t, err)
}
