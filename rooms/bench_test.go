package rooms_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
)

// benchLog is a conversation of n messages among three devices.
func benchLog(b *testing.B, n int) *roomstest.Log {
	w := roomstest.New(b)
	a := w.User("A", "NURSE")
	l := w.Open(a, rooms.Genesis{Kind: rooms.KindNetwork})
	require.NoError(b, l.Consent(a, a))
	for range 2 {
		u := w.User("B", "PHYSICIAN")
		require.NoError(b, l.Consent(a, u))
		require.NoError(b, l.Join(u.Device()))
	}
	for range n {
		_, err := l.Write(a.Device(), rooms.EventMessage, rooms.Message{Text: "Bonjour, la tension est de 12/8 ce matin."})
		require.NoError(b, err)
	}
	return l
}

func BenchmarkPublicApplyEvent(b *testing.B) {
	l := benchLog(b, 0)
	payload := l.SealEvent(l.Event(l.Creator, rooms.EventMessage, rooms.Message{Text: "Bonjour"}), l.Creator)
	s, err := rooms.ParseSealedEvent(payload)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		s.ID = identity.NewID() // another event each time, of which Public sees the outside
		payload, err := rooms.EncodeBody(s)
		require.NoError(b, err)
		e := l.Entry(record.KindEvent, payload)
		e.Envelope.Seq = l.Public.Place().Seq + 1
		b.StartTimer()
		if err := l.Public.Apply(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRoomApplyEvent(b *testing.B) {
	l := benchLog(b, 200)
	r := l.Fold(l.All)
	last := l.Entries[len(l.Entries)-1]
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		payload := l.SealEvent(l.Event(l.Creator, rooms.EventMessage, rooms.Message{Text: "Bonjour"}), l.Creator)
		e := l.Entry(record.KindEvent, payload)
		e.Envelope.Seq = r.Public().Place().Seq + 1
		e.Envelope.Time = last.Envelope.Time
		b.StartTimer()
		if _, err := r.Apply(e, l.All); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckpointOf1000Messages(b *testing.B) {
	l := benchLog(b, 1000)
	r := l.Fold(l.All)
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c, err := r.Checkpoint()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(c)), "bytes")
		}
	})
	c, err := r.Checkpoint()
	require.NoError(b, err)
	b.Run("restore", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rooms.RestoreRoom(c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
