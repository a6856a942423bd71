package media

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/stretchr/testify/require"
)

func parsed(b []byte) (*packet, bool) {
	p := new(packet)
	return p, p.parse(copy(p.data[:], b))
}

func marshal(t testing.TB, p *rtp.Packet) []byte {
	t.Helper()
	b, err := p.Marshal()
	require.NoError(t, err)
	return b
}

func samplePackets(t testing.TB) []*rtp.Packet {
	t.Helper()
	extended := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: 96, SequenceNumber: 65535, Timestamp: 7, SSRC: 1, CSRC: []uint32{5, 6}}, Payload: []byte("payload")}
	require.NoError(t, extended.SetExtension(3, []byte{1, 2, 3}))
	return []*rtp.Packet{
		{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: 1, Timestamp: 1 << 31, SSRC: 9}, Payload: []byte{1}},
		extended,
		{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: 3, Padding: true, PaddingSize: 4}, Payload: []byte("xyz")},
		{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: 4, Padding: true, PaddingSize: 200}},
	}
}

func TestPacketIsParsedAsPionDoes(t *testing.T) {
	for _, want := range samplePackets(t) {
		got, ok := parsed(marshal(t, want))
		require.True(t, ok)
		require.Equal(t, want.SequenceNumber, got.seq)
		require.Equal(t, want.Timestamp, got.ts)
		require.Equal(t, want.Marker, got.marker)
		require.Equal(t, want.PayloadType, got.pt)
		require.Equal(t, string(want.Payload), string(got.payload))
	}
}

func TestHeaderExtensionsAreFound(t *testing.T) {
	for _, size := range []int{2, 40} { // one-byte and two-byte headers
		p := &rtp.Packet{Header: rtp.Header{Version: 2, CSRC: []uint32{1}}, Payload: []byte("x")}
		require.NoError(t, p.SetExtension(1, make([]byte, size)))
		require.NoError(t, p.SetExtension(3, []byte{7, 8}))
		b := marshal(t, p)
		require.Equal(t, []byte{7, 8}, headerExtension(b, 3))
		require.Len(t, headerExtension(b, 1), size)
		require.Nil(t, headerExtension(b, 2))
		for n := range len(b) {
			headerExtension(b[:n], 3)
		}
	}
	require.Nil(t, headerExtension(marshal(t, &rtp.Packet{Header: rtp.Header{Version: 2}}), 1))
}

func FuzzPacket(f *testing.F) {
	for _, p := range samplePackets(f) {
		f.Add(marshal(f, p))
	}
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := parsed(b)
		if !ok {
			return
		}
		startsKeyFrame(got.payload)
		for id := range uint8(16) {
			headerExtension(b, id)
		}
		var want rtp.Packet
		if len(b) <= maxPacket && want.Unmarshal(b) == nil && !want.Padding {
			require.Equal(t, want.SequenceNumber, got.seq)
			require.Equal(t, len(want.Payload), len(got.payload))
		}
	})
}

func TestKeyFramesAreRecognised(t *testing.T) {
	frame := make([]byte, 5000)
	for _, pictureID := range []bool{false, true} {
		for range 200 { // picture ids of one byte and of two
			for _, key := range []bool{false, true} {
				frame[0] = 0x10
				if !key {
					frame[0] |= 1
				}
				payloader := &codecs.VP8Payloader{EnablePictureID: pictureID}
				for i, payload := range payloader.Payload(1200, frame) {
					require.Equal(t, key && i == 0, startsKeyFrame(payload))
				}
			}
		}
	}
	require.False(t, startsKeyFrame(nil))
	require.False(t, startsKeyFrame([]byte{0x90, 0x80}))
}

func numbered(seq uint16) *packet {
	p := &packet{seq: seq}
	p.payload = binary.BigEndian.AppendUint16(p.data[:0], seq)
	return p
}

func TestCacheKeepsTheLastPackets(t *testing.T) {
	c := new(cache)
	last := 65536 + 100 // around the wrap
	for i := range last + 1 {
		require.NotNil(t, c.put(numbered(uint16(i))))
	}
	for back := range cacheSize {
		seq := uint16(last - back)
		p := c.acquire(seq)
		require.NotNil(t, p)
		require.Equal(t, seq, binary.BigEndian.Uint16(p.payload))
		p.release()
	}
	require.False(t, c.has(uint16(last-cacheSize)))
	require.False(t, c.has(uint16(last+1)))

	old := numbered(uint16(last - cacheSize))
	require.Same(t, old, c.put(old), "an older packet does not displace a newer one")
	require.True(t, c.has(uint16(last)))
}

func TestPacketThatIsBeingReadIsNotFilledAgain(t *testing.T) {
	c := new(cache)
	first := numbered(1)
	c.put(first)
	reading := c.acquire(1)
	require.Same(t, first, reading)
	require.NotSame(t, first, c.put(numbered(1+cacheSize)))
	reading.release()
	second := c.acquire(1 + cacheSize)
	second.release()
	require.Same(t, second, c.put(numbered(1+2*cacheSize)))
}

func TestCacheIsConsistentUnderConcurrentUse(t *testing.T) {
	t.Parallel()
	c := new(cache)
	var written atomic.Uint32
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !done.Load() {
				seq := uint16(written.Load()) - uint16(written.Load()%300)
				if p := c.acquire(seq); p != nil {
					if binary.BigEndian.Uint16(p.payload) != seq {
						t.Error("torn packet")
					}
					p.release()
				}
			}
		})
	}
	wg.Go(func() { // retransmissions
		p := new(packet)
		for !done.Load() {
			p.seq = uint16(written.Load()) - 20
			p.payload = binary.BigEndian.AppendUint16(p.data[:0], p.seq)
			p = c.put(p)
		}
	})
	p := new(packet)
	for i := range 200_000 {
		p.seq = uint16(i)
		p.payload = binary.BigEndian.AppendUint16(p.data[:0], p.seq)
		p = c.put(p)
		written.Store(uint32(i))
	}
	done.Store(true)
	wg.Wait()
}

func TestMissingPacketsAreAskedForUntilTheyCome(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	have := make(map[uint16]bool)
	asked := make(map[uint16]int)
	gaveUp := make(chan struct{}, 10)
	l := &losses{
		have: func(seq uint16) bool { mu.Lock(); defer mu.Unlock(); return have[seq] },
		request: func(seqs []uint16) {
			mu.Lock()
			defer mu.Unlock()
			for _, s := range seqs {
				asked[s]++
				if s == 2 && asked[s] == 2 {
					have[s] = true
				}
			}
		},
		give: func() { gaveUp <- struct{}{} },
	}
	have[1] = true // arrives out of order, before it is asked for
	l.gap(65534, 4, time.Now())
	<-gaveUp
	mu.Lock()
	defer mu.Unlock()
	require.Zero(t, asked[1])
	require.Equal(t, 2, asked[2])
	for _, never := range []uint16{65534, 65535, 0, 3} {
		require.Equal(t, nackTries, asked[never])
	}
	l.close()
}

func TestTooManyMissingPacketsAreNotAskedFor(t *testing.T) {
	gaveUp := make(chan struct{}, 1)
	l := &losses{
		have:    func(uint16) bool { return false },
		request: func([]uint16) { t.Error("asked") },
		give:    func() { gaveUp <- struct{}{} },
	}
	l.gap(0, maxMissing+1, time.Now())
	<-gaveUp
	l.close()
}

func TestKeyFrameRequestsAreMergedAndRepeated(t *testing.T) {
	t.Parallel()
	sent := make(chan time.Time, 100)
	k := &keyFrames{send: func() { sent <- time.Now() }}
	for range 100 {
		k.request()
	}
	first, second := <-sent, <-sent
	require.GreaterOrEqual(t, second.Sub(first), keyFrameRepeat/2, "one request stands for all")
	k.seen()
	k.request()
	<-sent // a later request is a new one
	for range keyFrameTries - 1 {
		<-sent
	}
	require.Eventually(t, func() bool { return !k.pending.Load() }, 5*time.Second, time.Millisecond, "it does not go on for ever")
	k.close()
	k.request()
	require.Empty(t, sent)
}

func TestReceptionReport(t *testing.T) {
	r := &reception{rate: 90000}
	clock := new(senderClock)
	now := time.Unix(1_700_000_000, 0)
	_, ok := r.report(1, clock, now)
	require.False(t, ok)

	for i := range 100 {
		seq := uint16(65500 + i)
		if i%10 == 5 {
			continue // lost
		}
		first, next := r.add(seq, uint32(i)*3000, now.Add(time.Duration(i)*time.Second/30))
		require.Equal(t, i%10 == 6, first != next)
		if first != next {
			require.Equal(t, seq-1, first)
			require.Equal(t, seq, next)
		}
	}
	clock.last.Store(&senderTime{ntp: 0x1122334455667788, rtp: 5, at: now})
	rep, ok := r.report(1, clock, now.Add(1500*time.Millisecond))
	require.True(t, ok)
	require.EqualValues(t, 1<<16|uint32(uint16(65599-65536)), rep.LastSequenceNumber)
	require.EqualValues(t, 10, rep.TotalLost)
	require.EqualValues(t, 25, rep.FractionLost)
	require.EqualValues(t, 0x33445566, rep.LastSenderReport)
	require.EqualValues(t, 98304, rep.Delay)
	require.Less(t, rep.Jitter, uint32(2))

	ntp, ts, ok := clock.at(now.Add(1500*time.Millisecond), 90000)
	require.True(t, ok)
	require.EqualValues(t, uint64(0x1122334455667788)+1<<32+1<<31, ntp)
	require.EqualValues(t, 5+135000, ts)
}

func TestFanOutListIsASnapshot(t *testing.T) {
	u := newUplink("t1", "0", Audio, &Peer{name: "a"}, 1, 0, nil)
	a, b := &Downlink{uplink: u}, &Downlink{uplink: u}
	u.attach(a)
	before := *u.downlinks.Load()
	u.attach(b)
	require.Equal(t, []*Downlink{a}, before)
	require.Len(t, *u.downlinks.Load(), 2)
	a.close()
	require.Equal(t, []*Downlink{b}, *u.downlinks.Load())
	u.close()
	u.attach(a)
	require.Empty(t, *u.downlinks.Load())
	require.False(t, slices.Contains(before, b))
}
