package bus

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// busy is a mailbox whose handler is held up by its first message.
func busy(t *testing.T, handler Handler) (m *mailbox, free func()) {
	t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	first := true
	hear := handler.Message
	handler.Message = func(topic string, payload []byte) {
		if first {
			first = false
			close(held)
			<-release
			return
		}
		hear(topic, payload)
	}
	m = newMailbox(handler)
	t.Cleanup(m.close)
	require.True(t, m.message("first", nil))
	<-held
	return m, func() { close(release) }
}

func TestAMailboxDropsTheOldestMessage(t *testing.T) {
	var heard []string
	m, free := busy(t, Handler{Message: func(_ string, payload []byte) { heard = append(heard, string(payload)) }})
	const left = MaxWaiting + 100
	for i := range left {
		require.True(t, m.message("call", fmt.Append(nil, i)))
	}
	free()
	require.NoError(t, m.empty(t.Context()))
	require.Len(t, heard, MaxWaiting)
	require.Equal(t, "100", heard[0])
	require.Equal(t, fmt.Sprint(left-1), heard[MaxWaiting-1])
}

func TestAMailboxKeepsOneWakeUpForEachTopic(t *testing.T) {
	var heard []string
	m, free := busy(t, Handler{Wake: func(topic string, number uint64) { heard = append(heard, fmt.Sprint(topic, " ", number)) }})
	for number := range uint64(1000) {
		require.True(t, m.wake("rising", number))
		require.True(t, m.wake("falling", 1000-number))
	}
	free()
	require.NoError(t, m.empty(t.Context()))
	require.Equal(t, []string{"rising 999", "falling 1000"}, heard)
	require.True(t, m.wake("rising", 5), "a later one is heard again, whatever its number")
	require.NoError(t, m.empty(t.Context()))
	require.Equal(t, "rising 5", heard[2])
}

func TestAClosedMailboxTakesNothingAndCallsNobody(t *testing.T) {
	calls := 0
	m, free := busy(t, Handler{
		Message: func(string, []byte) { calls++ },
		Wake:    func(string, uint64) { calls++ },
	})
	require.True(t, m.message("call", nil))
	require.True(t, m.wake("room", 1))
	m.close()
	require.False(t, m.message("call", nil))
	require.False(t, m.wake("room", 1))
	require.ErrorIs(t, m.empty(t.Context()), ErrClosed)
	free()
	require.Zero(t, calls)
}

func TestWaitingForAMailboxEndsWithItsContext(t *testing.T) {
	m, free := busy(t, Handler{})
	defer free()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, m.empty(ctx), context.Canceled)
}
