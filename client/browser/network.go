//go:build js && wasm

package browser

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall/js"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// maxBuffered is how many bytes may wait in the browser before a connection
// counts as dead.
const maxBuffered = 16 << 20

var errClosed = errors.New("browser: the websocket is closed")

// Network reaches the page's own origin by fetch and WebSocket; the session
// cookie is the browser's affair.
type Network struct{}

// Origin is the page's.
func (Network) Origin() string { return js.Global().Get("location").Get("origin").String() }

// Do implements [client.Doer].
func (n Network) Do(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	abort := js.Global().Get("AbortController").New()
	stop := context.AfterFunc(ctx, func() { abort.Call("abort") })
	defer stop()
	options := map[string]any{
		"method": method, "credentials": "same-origin", "cache": "no-store", "redirect": "error",
		"signal": abort.Get("signal"),
	}
	if len(body) > 0 {
		options["body"] = string(body)
		options["headers"] = map[string]any{"Content-Type": "application/json"}
	}
	res, err := await(js.Global().Call("fetch", n.Origin()+path, options))
	if err != nil {
		return 0, nil, errors.Join(ctx.Err(), err)
	}
	answer, err := await(res.Call("arrayBuffer"))
	if err != nil {
		return 0, nil, errors.Join(ctx.Err(), err)
	}
	return res.Get("status").Int(), fromJS(answer), nil
}

// Dial implements [client.Transport].
func (Network) Dial(ctx context.Context, address string) (client.Conn, error) {
	c := &conn{arrived: make(chan struct{}, 1), closed: make(chan struct{})}
	opened := make(chan struct{}, 1)
	err := try(func() { c.ws = js.Global().Get("WebSocket").New(address, wire.Subprotocol) })
	if err != nil {
		return nil, err
	}
	c.ws.Set("binaryType", "arraybuffer")
	c.on("open", func(js.Value) {
		opened <- struct{}{}
	})
	c.on("message", func(event js.Value) {
		data := event.Get("data")
		if data.Type() != js.TypeObject {
			return // text: not ours
		}
		c.mu.Lock()
		c.queue = append(c.queue, fromJS(data))
		c.mu.Unlock()
		select {
		case c.arrived <- struct{}{}:
		default:
		}
	})
	c.on("close", func(js.Value) { c.end() })
	c.on("error", func(js.Value) { c.end() })
	select {
	case <-opened:
		return c, nil
	case <-c.closed:
		c.release()
		return nil, fmt.Errorf("browser: the websocket did not open")
	case <-ctx.Done():
		_ = c.Close()
		return nil, ctx.Err()
	}
}

// conn is a WebSocket. Messages wait in a queue: a callback never blocks.
type conn struct {
	ws      js.Value
	mu      sync.Mutex
	queue   [][]byte
	arrived chan struct{}
	once    sync.Once
	closed  chan struct{}
	events  map[string]js.Func
}

func (c *conn) on(event string, f func(js.Value)) {
	handler := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	if c.events == nil {
		c.events = map[string]js.Func{}
	}
	c.events[event] = handler
	c.ws.Set("on"+event, handler)
}

func (c *conn) end() { c.once.Do(func() { close(c.closed) }) }

func (c *conn) release() {
	for event, f := range c.events {
		c.ws.Set("on"+event, js.Null())
		f.Release()
	}
	c.events = nil
}

func (c *conn) next() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		return nil
	}
	b := c.queue[0]
	c.queue = c.queue[1:]
	return b
}

// Read implements [client.Conn].
func (c *conn) Read(ctx context.Context) ([]byte, error) {
	for {
		if b := c.next(); b != nil {
			return b, nil
		}
		select {
		case <-c.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.closed:
			if b := c.next(); b != nil {
				return b, nil
			}
			return nil, errClosed
		}
	}
}

// Write implements [client.Conn].
func (c *conn) Write(_ context.Context, message []byte) error {
	select {
	case <-c.closed:
		return errClosed
	default:
	}
	if c.ws.Get("bufferedAmount").Int() > maxBuffered {
		return fmt.Errorf("browser: the connection takes nothing any more")
	}
	return try(func() { c.ws.Call("send", toJS(message)) })
}

// Close implements [client.Conn].
func (c *conn) Close() error {
	c.end()
	c.release()
	return try(func() { c.ws.Call("close", 1000) })
}

// CivilDate is the date of an instant in an IANA zone, by the browser's own
// tables; "" where it does not know the zone.
func CivilDate(ms int64, zone string) (date string) {
	err := try(func() {
		format := js.Global().Get("Intl").Get("DateTimeFormat").New("sv-SE", map[string]any{
			"timeZone": zone, "year": "numeric", "month": "2-digit", "day": "2-digit",
		})
		date = format.Call("format", js.Global().Get("Date").New(float64(ms))).String()
	})
	if err != nil {
		return ""
	}
	return date
}
