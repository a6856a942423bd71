package media

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
)

// reception is what a receiver report says of one uplink (RFC 3550, section
// 6.4.1). One goroutine calls add; any may call report, one at a time.
type reception struct {
	rate    uint32 // RTP clock, Hz
	started atomic.Bool
	base    atomic.Uint32 // extended sequence number of the first packet
	highest atomic.Uint32 // extended sequence number
	count   atomic.Uint32
	jitter  atomic.Uint32 // in units of 1/16 of the RTP clock
	transit uint32

	expectedBefore, countBefore uint32 // at the last report
}

// add counts a packet. It returns the range of sequence numbers between the
// highest one so far and this one, which is empty for most.
func (r *reception) add(seq uint16, ts uint32, now time.Time) (first, next uint16) {
	arrival := uint64(now.Unix())*uint64(r.rate) + uint64(now.Nanosecond())*uint64(r.rate)/1e9
	transit := uint32(arrival) - ts
	if !r.started.Load() {
		r.base.Store(uint32(seq))
		r.highest.Store(uint32(seq))
		r.count.Store(1)
		r.transit = transit
		r.started.Store(true)
		return seq, seq
	}
	r.count.Add(1)
	d := int32(transit - r.transit)
	r.transit = transit
	if d < 0 {
		d = -d
	}
	j := r.jitter.Load()
	r.jitter.Store(j + uint32(d) - (j+8)>>4)

	high := r.highest.Load()
	ahead := int16(seq - uint16(high))
	if ahead <= 0 {
		return seq, seq
	}
	r.highest.Store(high + uint32(ahead))
	return uint16(high) + 1, seq
}

// report returns the report block for the uplink and whether there is one.
func (r *reception) report(ssrc uint32, clock *senderClock, now time.Time) (rtcp.ReceptionReport, bool) {
	if !r.started.Load() {
		return rtcp.ReceptionReport{}, false
	}
	highest, count := r.highest.Load(), r.count.Load()
	expected := highest - r.base.Load() + 1
	expectedNow, countNow := expected-r.expectedBefore, count-r.countBefore
	r.expectedBefore, r.countBefore = expected, count

	rep := rtcp.ReceptionReport{
		SSRC:               ssrc,
		LastSequenceNumber: highest,
		Jitter:             r.jitter.Load() >> 4,
	}
	if expected > count {
		rep.TotalLost = min(expected-count, 1<<23-1)
	}
	if expectedNow > countNow && expectedNow != 0 {
		rep.FractionLost = uint8(min((expectedNow-countNow)<<8/expectedNow, 255))
	}
	if s := clock.last.Load(); s != nil {
		rep.LastSenderReport = uint32(s.ntp >> 16)
		rep.Delay = uint32(now.Sub(s.at) * 65536 / time.Second)
	}
	return rep, true
}

// senderClock relates an uplink's RTP timestamps to its publisher's clock, as
// the publisher's last sender report does. All tracks of a publisher have the
// same clock, which is how a receiver keeps them together.
type senderClock struct {
	last atomic.Pointer[senderTime]
}

type senderTime struct {
	ntp uint64 // publisher's clock, 32.32 bits of seconds
	rtp uint32
	at  time.Time // when the report came
}

// at returns the publisher's clock and the RTP timestamp for now, and whether
// they are known.
func (c *senderClock) at(now time.Time, rate uint32) (ntp uint64, rtp uint32, ok bool) {
	s := c.last.Load()
	if s == nil {
		return 0, 0, false
	}
	d := now.Sub(s.at)
	sec, frac := uint64(d/time.Second), uint64(d%time.Second)
	ntp = s.ntp + sec<<32 + frac<<32/uint64(time.Second)
	rtp = s.rtp + uint32(sec*uint64(rate)+frac*uint64(rate)/uint64(time.Second))
	return ntp, rtp, true
}
