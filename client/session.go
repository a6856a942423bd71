package client

import (
	"context"

	"github.com/ensemble-sante/ensemble/rooms"
)

// sessionOpen connects this device, or wakes a connection that waits.
func sessionOpen(ctx context.Context, c *Core, _ OpenArgs) error {
	return c.do(ctx, func(e *engine) error {
		if e.device.state != deviceReady {
			return rooms.Errorf(rooms.CodeUnauthorised, "this device belongs to no account")
		}
		e.connectAlways()
		return nil
	})
}

// sessionSignOut ends the session on the server and forgets everything on this
// device, its keys among it. What was not sent is lost: the interface asks first.
func sessionSignOut(ctx context.Context, c *Core, _ nothing) error {
	// The session ends even where the server does not answer: without its keys
	// the device cannot open another.
	_ = c.http(ctx, "DELETE", sessionPath, nil, nil)
	return c.do(ctx, func(e *engine) error { return e.erase(ctx) })
}

// erase deletes all that the device keeps, and forgets it.
func (e *engine) erase(ctx context.Context) error {
	pairs, err := e.store.inner.Scan(ctx, "")
	if err != nil {
		return err
	}
	e.forget()
	e.ops = nil // what this turn has taken in, or would keep of its end
	for _, p := range pairs {
		e.put(p.Key, nil)
	}
	return nil
}

// forget begins again as an empty device.
func (e *engine) forget() {
	e.dropLink(errStopped)
	if e.device.stop != nil {
		e.device.stop()
	}
	e.device, e.account, e.meta = device{state: deviceEmpty}, account{}, meta{}
	e.outbox, e.undertakings = outbox{}, nil
	clear(e.rooms)
	clear(e.chains)
	clear(e.calls)
	e.dirtyAll()
}
