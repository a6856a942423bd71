package mls

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a received message makes the package allocate is bounded by its length:
// allocatedPerByte for each byte and allocatedAtOnce beside. A node of a ratchet
// tree, of two bytes at least, and an error's text are what costs most; the rest
// is work on keys, and the group's tree, of which a staged commit has a copy.
const (
	allocatedPerByte = 320
	allocatedAtOnce  = 256 << 10
	// allocatedForShort is the bound for an input of at most 100 bytes, which cannot
	// be authentic: for all functions that read it together.
	allocatedForShort = 64 << 10
)

// allocated measures what f allocates. Others may allocate at the same time, so
// that the least of some runs counts when the first is above the limit.
func allocated(limit uint64, f func()) uint64 {
	least := ^uint64(0)
	for range 4 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if least = min(least, after.TotalAlloc-before.TotalAlloc); least <= limit {
			break
		}
	}
	return least
}

// bounded requires that reading b allocates no more than its length justifies.
func bounded(t require.TestingT, b []byte, read func()) {
	limit := uint64(allocatedAtOnce + allocatedPerByte*len(b))
	if used := allocated(limit, read); used > limit {
		require.Failf(t, "too much is allocated", "%d bytes for an input of %d", used, len(b))
	}
}

// readers are all functions that take bytes from outside.
func readers(t require.TestingT, w *fuzzWorld) map[string]func([]byte) {
	g, public, staged := w.groups[1], w.groups[1].Public(), w.stagedPublic(t)
	return map[string]func([]byte){
		"InspectMessage":            func(b []byte) { _, _ = InspectMessage(b, ownTypes()...) },
		"ParseKeyPackage":           func(b []byte) { _, _ = ParseKeyPackage(b, testNow) },
		"ParseGroupInfo":            func(b []byte) { _, _ = ParseGroupInfo(b) },
		"NewPublicGroup":            func(b []byte) { _, _ = NewPublicGroup(b, testNow) },
		"JoinExternal":              func(b []byte) { _, _ = JoinExternal(w.client, b, ExternalOptions{}) },
		"JoinWelcome":               func(b []byte) { _, _ = JoinWelcome(w.client, b, w.private, JoinOptions{}) },
		"CheckGroupInfo":            func(b []byte) { _ = staged.CheckGroupInfo(b) },
		"Group.Process":             func(b []byte) { _, _ = g.Process(b, testNow) },
		"PublicGroup.Process":       func(b []byte) { _, _ = public.Process(b, testNow) },
		"ProcessProposal":           func(b []byte) { _ = public.ProcessProposal(b, testNow) },
		"ParseRequiredCapabilities": func(b []byte) { _, _ = ParseRequiredCapabilities(b) },
		"ParseExternalSenders":      func(b []byte) { _, _ = ParseExternalSenders(b) },
		"UnmarshalGroup":            func(b []byte) { _, _ = UnmarshalGroup(b, g.client) },
		"UnmarshalPublicGroup":      func(b []byte) { _, _ = UnmarshalPublicGroup(b) },
		"UnmarshalKeyPackage":       func(b []byte) { _, _ = UnmarshalKeyPackagePrivate(b) },
		"UnmarshalStagedCommit":     func(b []byte) { _, _ = UnmarshalStagedCommit(b, g.client) },
		"ratchet tree":              func(b []byte) { _, _ = parseTree(g.suite, b) },
		"group secrets":             func(b []byte) { _, _ = decodeAll(b, "", (*decoder).groupSecrets) },
		"extensions":                func(b []byte) { _, _ = decodeAll(b, "", (*decoder).extensions) },
	}
}

// claims are what a hostile sender writes where a length, a count, an index or a
// generation stands.
var claims = [][]byte{
	{0xbf, 0xff, 0xff, 0xff}, // the longest vector
	{0xff, 0xff, 0xff, 0xff}, // the highest leaf, the last generation
	{0x80, 0x10, 0x00, 0x00}, // a vector of a megabyte
	{0x10, 0x00, 0x00, 0x00}, // 2^28 leaves
	{0x7f, 0xff},
}

// beginnings are the first 100 bytes of all that the package reads, and lists of
// the smallest elements.
func beginnings(t require.TestingT, w *fuzzWorld) [][]byte {
	out := append([][]byte{}, w.messages...)
	out = append(out, w.groups[0].public.tree.append(nil))
	for _, m := range []interface{ MarshalBinary() ([]byte, error) }{w.groups[1], w.groups[1].Public(), w.private, w.commits[0]} {
		b, err := m.MarshalBinary()
		require.NoError(t, err)
		out = append(out, b)
	}
	for format := range byte(7) {
		for _, fill := range []byte{0, 1, 0x20, 0x3f} {
			b := bytes.Repeat([]byte{fill}, 100)
			copy(b, []byte{0, 1, 0, format})
			out = append(out, b)
		}
	}
	for _, element := range [][]byte{{0}, {0, 0}, {1, 2, 0, 0, 0}, {0, 9, 0}, {1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0}} {
		list := bytes.Repeat(element, 98/len(element))
		out = append(out, append([]byte{0x40, byte(len(list))}, list...))
	}
	for i, b := range out {
		out[i] = b[:min(100, len(b))]
	}
	return out
}

func TestShortInputsAllocateLittle(t *testing.T) {
	w := newFuzzWorld(t)
	read := readers(t, w)
	most := uint64(0)
	try := func(b []byte) {
		used := allocated(allocatedForShort, func() {
			for _, f := range read {
				f(b)
			}
		})
		if used > allocatedForShort {
			require.Failf(t, "too much is allocated", "%d bytes for %x", used, b)
		}
		most = max(most, used)
	}
	for _, b := range beginnings(t, w) {
		try(b)
		for at := range b {
			for _, claim := range claims {
				hostile := bytes.Clone(b)
				copy(hostile[at:], claim)
				try(hostile)
			}
		}
	}
	t.Logf("at most %d bytes by %d functions", most, len(read))
}

func TestRealMessagesWithHostileClaimsAllocateByTheirLength(t *testing.T) {
	w := newFuzzWorld(t)
	read := readers(t, w)
	most := uint64(0)
	for i, m := range w.messages {
		for at := i % 7; at < len(m); at += 7 {
			hostile := bytes.Clone(m)
			copy(hostile[at:], claims[(at/7)%len(claims)])
			for _, name := range []string{"NewPublicGroup", "JoinExternal", "JoinWelcome", "Group.Process", "PublicGroup.Process", "ProcessProposal", "ParseKeyPackage"} {
				limit := uint64(allocatedAtOnce + allocatedPerByte*len(m))
				used := allocated(limit, func() { read[name](hostile) })
				require.LessOrEqual(t, used, limit, "%s on a message of %d bytes with a claim at %d", name, len(m), at)
				most = max(most, used)
			}
		}
	}
	t.Logf("at most %d bytes", most)
}

func TestInsidersClaimsAllocateLittle(t *testing.T) {
	w := newFuzzWorld(t)
	evil, g := w.groups[0], w.groups[1]
	plain := append(appendVector(nil, []byte("x")), 0)
	for _, data := range []struct {
		leaf       LeafIndex
		generation uint32
		want       error
	}{
		{0, 1<<32 - 1, ErrTooFarAhead},
		{0, maxForward + 1, ErrTooFarAhead},
		{1<<32 - 1, 0, ErrSender},
		{1 << 28, 1<<32 - 1, ErrSender},
	} {
		message := evil.sealRaw(t, ContentApplication, data.leaf, data.generation, plain)
		var err error
		used := allocated(allocatedForShort, func() { _, err = g.Process(message, testNow) })
		require.ErrorIs(t, err, data.want)
		require.LessOrEqual(t, used, uint64(allocatedForShort))
	}
	// As far ahead as the window goes, its keys are derived, and no more.
	message := evil.sealRaw(t, ContentApplication, 0, maxForward, plain)
	var err error
	used := allocated(4<<20, func() { _, err = g.Process(message, testNow) })
	require.ErrorIs(t, err, ErrDecrypt)
	require.LessOrEqual(t, used, uint64(4<<20))
	t.Logf("%d bytes at the end of the window", used)
}

// sealRaw encrypts any content with any sender data: what a member could send.
// The content's key is that of the first message where the generation is zero,
// and none otherwise.
func (g *Group) sealRaw(t require.TestingT, content ContentType, leaf LeafIndex, generation uint32, plain []byte) []byte {
	s := g.suite
	p := &privateMessage{groupID: g.GroupID(), epoch: g.Epoch(), contentType: content}
	key := messageKey{key: make([]byte, s.keySize), nonce: make([]byte, s.nonceLen)}
	if generation == 0 {
		key = reload(t, g).tree.ratchet(g.own, content).keyAt(s)
	}
	guard := []byte{1, 2, 3, 4}
	aead, err := s.newAEAD(key.key)
	require.NoError(t, err)
	p.ciphertext = aead.Seal(nil, guarded(key.nonce, guard), plain, p.contentAAD())
	data := append(appendUint32(appendUint32(nil, uint32(leaf)), generation), guard...)
	senderKey, senderNonce := s.senderKey(g.secrets.senderData, p.ciphertext)
	aead, err = s.newAEAD(senderKey)
	require.NoError(t, err)
	p.encryptedSenderData = aead.Seal(nil, senderNonce, data, p.senderDataAAD())
	return p.append(appendMessageHeader(nil, WirePrivateMessage))
}

func TestTreesOfBlankNodesAllocateByTheirLength(t *testing.T) {
	g := newGroup(t, X25519ChaCha, 1)[0]
	leaf := append([]byte{1, 1}, g.public.tree.leaf(0).append(nil)...)
	for _, nodes := range []int{1 << 10, 1<<16 - 2, 1 << 16, 1<<16 + 2} {
		list := append(make([]byte, nodes), leaf...)
		tree := appendVector(nil, list)
		info := &GroupInfo{context: g.public.context, extensions: []Extension{{Type: ExtensionRatchetTree, Data: tree}}, confirmationTag: []byte("t")}
		require.NoError(t, info.sign(g.suite, g.client.SignatureKey))
		message := info.encode()
		used := allocated(0, func() {
			_, err := NewPublicGroup(message, testNow)
			require.ErrorIs(t, err, ErrTree)
		})
		t.Logf("%d for each byte of a tree of %d nodes", used/uint64(len(message)), nodes)
		require.LessOrEqual(t, used, uint64(allocatedAtOnce+allocatedPerByte*len(message)))
	}
}
