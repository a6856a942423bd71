package bus_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/bus/bustest"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

func inProcess(t *testing.T) (a, b bus.Bus) {
	t.Helper()
	s, err := bus.NewServer()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	connect := func() bus.Bus {
		n, err := s.Connect()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, n.Close()) })
		return n
	}
	return connect(), connect()
}

func TestABusInTheProcess(t *testing.T) { bustest.Run(t, inProcess) }

// natsServer starts a real NATS server on loopback. With routes it joins the
// servers that listen for it there.
func natsServer(t *testing.T, name string, port, clusterPort int, routes ...int) *server.Server {
	t.Helper()
	var urls []string
	for _, route := range routes {
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", route))
	}
	s, err := server.NewServer(&server.Options{
		ServerName: name, Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, MaxPayload: bus.MaxPayload,
		Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: clusterPort},
		Routes:  server.RoutesFromStr(strings.Join(urls, ",")),
	})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(30*time.Second))
	return s
}

func open(t *testing.T, s *server.Server) *bus.Node {
	t.Helper()
	n, err := bus.Open(bus.Config{URL: s.ClientURL()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

func TestABusAcrossACluster(t *testing.T) {
	routes := servertest.Port(t)
	one := natsServer(t, "one", servertest.Port(t), routes)
	two := natsServer(t, "two", servertest.Port(t), servertest.Port(t), routes)
	require.Eventually(t, func() bool { return one.NumRoutes() > 0 && two.NumRoutes() > 0 }, 30*time.Second, 10*time.Millisecond)
	bustest.Run(t, func(t *testing.T) (a, b bus.Bus) { return open(t, one), open(t, two) })
}

func TestAnUnreliableBusWithoutFaultsIsABus(t *testing.T) {
	bustest.Run(t, func(t *testing.T) (a, b bus.Bus) {
		a, b = inProcess(t)
		return bustest.NewUnreliable(a, bustest.Faults{}), bustest.NewUnreliable(b, bustest.Faults{})
	})
}

func TestAnUnreliableBusDropsRepeatsAndReorders(t *testing.T) {
	a, b := inProcess(t)
	heard := bustest.Listen(t, a, b, "call.1")
	const sent = 3000
	u := bustest.NewUnreliable(a, bustest.Faults{Seed: 1, Drop: 0.2, Duplicate: 0.1, Delay: 20 * time.Millisecond})
	for i := range sent {
		require.NoError(t, u.Send("call.1", fmt.Append(nil, i)))
	}
	require.NoError(t, u.Flush(t.Context()))
	require.NoError(t, a.Send("call.1", []byte("end")))
	seen, disorder, last := map[string]int{}, 0, ""
	for {
		h := bustest.Next(t, heard)
		if h.Payload == "end" {
			break
		}
		seen[h.Payload]++
		if len(h.Payload) < len(last) || len(h.Payload) == len(last) && h.Payload < last {
			disorder++
		}
		last = h.Payload
	}
	repeated := 0
	for _, n := range seen {
		require.LessOrEqual(t, n, 2)
		if n == 2 {
			repeated++
		}
	}
	require.InDelta(t, 0.8*sent, float64(len(seen)), 4*math.Sqrt(sent))
	require.Greater(t, repeated, sent/20)
	require.Greater(t, disorder, sent/20)
}

func TestANodeConnectsAgainByItself(t *testing.T) {
	port := servertest.Port(t)
	first := natsServer(t, "one", port, 0)
	a, b := open(t, first), open(t, first)
	heard := bustest.Listen(t, a, b, "room.1")
	require.NoError(t, a.Wake("room.1", 1))
	require.Equal(t, uint64(1), bustest.Next(t, heard).Number)

	first.Shutdown()
	first.WaitForShutdown()
	require.Eventually(t, func() bool { return a.Check() != nil }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, a.Wake("room.1", 2), "telling is never an error for want of a connection")

	natsServer(t, "one", port, 0)
	require.Eventually(t, func() bool { return a.Check() == nil && b.Check() == nil }, 30*time.Second, 10*time.Millisecond)
	bustest.Meet(t, a, b)
	require.NoError(t, a.Wake("room.1", 3))
	for bustest.Next(t, heard).Number != 3 { // the subscription still stands
	}
}

func TestAnAddressThatCannotBeReachedIsNotRepeated(t *testing.T) {
	for _, url := range []string{
		fmt.Sprintf("nats://me:not-for-logs@127.0.0.1:%d", servertest.Port(t)),
		"nats://me:not-for-logs@[::1",
		"not-for-logs://x",
	} {
		_, err := bus.Open(bus.Config{URL: url})
		require.ErrorContains(t, err, "connecting to the bus")
		require.NotContains(t, err.Error(), "not-for-logs")
	}
}

func TestAPatternNamesTopicsAsNATSDoes(t *testing.T) {
	for _, test := range []struct {
		pattern, topic string
		matches        bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"a", "a.b", false}, {"a.b", "a", false},
		{"*", "a", true}, {"*", "a.b", false}, {"a.*", "a.b", true}, {"a.*", "a", false},
		{"a.*.c", "a.b.c", true}, {"a.*.c", "a.b.d", false},
		{">", "a", true}, {">", "a.b", true}, {"a.>", "a.b.c", true}, {"a.>", "a", false}, {"a.>", "b.c", false},
	} {
		require.Equal(t, test.matches, bus.Matches(test.pattern, test.topic), "%s %s", test.pattern, test.topic)
	}
}

func FuzzATopicIsASubjectOfNATS(f *testing.F) {
	for _, seed := range []string{"", "a", "a.b", "a..b", ".", "*", "a.>", "a b", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, topic string) {
		if bus.CheckTopic(topic) == nil {
			require.True(t, server.IsValidLiteralSubject(topic))
			require.True(t, bus.Matches(">", topic))
			require.True(t, bus.Matches(topic, topic))
			require.NoError(t, bus.CheckPattern(topic))
		}
		if bus.CheckPattern(topic) == nil {
			require.True(t, server.IsValidSubject(topic))
		}
	})
}

func BenchmarkWake(b *testing.B) {
	s, err := bus.NewServer()
	require.NoError(b, err)
	b.Cleanup(s.Close)
	n, err := s.Connect()
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, n.Close()) })
	b.ReportAllocs()
	for i := range b.N {
		if err := n.Wake("room.abcdefghijklmnopqrstuvwxyz", uint64(i)); err != nil {
			b.Fatal(err)
		}
	}
}
