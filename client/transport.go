package client

import "context"

// Transport opens websocket connections with the subprotocol of package wire,
// carrying the session cookie that [Doer] received.
type Transport interface {
	Dial(ctx context.Context, url string) (Conn, error)
}

// Conn is one websocket connection of binary messages. Read and Write may be
// called at the same time as each other; Close ends both.
type Conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, message []byte) error
	Close() error
}

// Doer makes HTTP requests to the origin: path begins with a slash, bodies are
// JSON. The cookies that it receives are sent with later requests and by
// [Transport]. An error means that no answer came.
type Doer interface {
	Do(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error)
}
