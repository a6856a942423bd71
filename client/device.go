package client

import (
	"context"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// The states of a device, as [DeviceState] says them.
const (
	deviceEmpty   = "EMPTY"
	devicePending = "PENDING"
	deviceReady   = "READY"
)

// device is this device's keys.
type device struct {
	state string
	user  ID
	key   identity.DeviceKey
	wake  chan struct{} // ends the wait before the next connection
	stop  context.CancelFunc
}

type storedDevice struct {
	State  string `cbor:"1,keyasint"`
	User   ID     `cbor:"2,keyasint,omitzero"`
	Secret []byte `cbor:"3,keyasint"`
}

func (e *engine) loadDevice() error {
	e.device.state = deviceEmpty
	b, err := e.store.get(e.ctx, keyDevice)
	if err != nil || b == nil {
		return err
	}
	var s storedDevice
	if err := decodeState(b, &s); err != nil {
		return err
	}
	key, err := identity.DeviceKeyFromSecret(s.User, s.Secret)
	if err != nil {
		return fmt.Errorf("%w: %w", errState, err)
	}
	e.device.state, e.device.user, e.device.key = s.State, s.User, key
	return nil
}

func (e *engine) saveDevice() {
	d := &e.device
	e.putCBOR(keyDevice, storedDevice{d.state, d.user, d.key.Secret()})
}

// setUser gives the device's keys to an account.
func (e *engine) setUser(user ID) error {
	key, err := identity.DeviceKeyFromSecret(user, e.device.key.Secret())
	if err != nil {
		return err
	}
	e.device.user, e.device.key = user, key
	return nil
}

func (e *engine) newDevice(user ID) error {
	key, err := identity.NewDeviceKey(user)
	if err != nil {
		return err
	}
	e.device.state, e.device.user, e.device.key = devicePending, user, key
	e.saveDevice()
	return nil
}

// connectAlways begins the connections of this device, once.
func (e *engine) connectAlways() {
	if e.device.wake != nil {
		e.wakeLink()
		return
	}
	wake := make(chan struct{}, 1)
	ctx, stop := context.WithCancel(e.ctx)
	e.device.wake, e.device.stop = wake, stop
	e.spawn(func(context.Context) { e.core.keepConnected(ctx, wake) })
}

func (e *engine) wakeLink() {
	if e.device.wake == nil {
		return
	}
	select {
	case e.device.wake <- struct{}{}:
	default:
	}
}

// begin starts what a loaded device does by itself.
func (e *engine) begin() {
	if e.device.state == deviceReady {
		e.connectAlways()
	}
	e.dirtyAll()
}

func deviceState(ctx context.Context, c *Core, _ nothing) (DeviceState, error) {
	var s DeviceState
	err := c.do(ctx, func(e *engine) error {
		s.State = e.device.state
		if s.State != deviceEmpty {
			s.User, s.Device = e.device.user, e.device.key.Device()
		}
		return nil
	})
	return s, err
}

// NewDevice makes this device's keys and gives their public half, to be certified
// by a device of the account ([Core.Certify]). The user may be zero while it is
// not known. Keys that wait for a certificate are given again; a device that has
// been adopted refuses with CodeConflict.
func (c *Core) NewDevice(ctx context.Context, user ID) (DevicePublic, error) {
	var p DevicePublic
	err := c.do(ctx, func(e *engine) error {
		switch {
		case e.device.state == deviceReady:
			return rooms.Errorf(rooms.CodeConflict, "this device belongs to an account")
		case e.device.state == deviceEmpty:
			if err := e.newDevice(user); err != nil {
				return err
			}
		case !user.IsZero() && e.device.user != user:
			if err := e.setUser(user); err != nil {
				return err
			}
			e.saveDevice()
		}
		keys := e.device.key.Keys()
		p = DevicePublic{e.device.user, e.device.key.Device(), URLBytes(keys.SignatureKey), keys.SealKey}
		return nil
	})
	return p, err
}

// Enrol makes an account with this device as its first: an identity key, a key
// chain, a vault, with a code that the network gave. It returns when the server
// has accepted; the session opens by itself.
func (c *Core) Enrol(ctx context.Context, args EnrolArgs) error {
	if args.Code == "" {
		return &rooms.Error{Code: rooms.CodeInvalid, Field: "code", Detail: "no code"}
	}
	if args.Profile.Name == "" {
		return &rooms.Error{Code: rooms.CodeInvalid, Field: "profile.name", Detail: "no name"}
	}
	var body struct {
		Code   string     `json:"code"`
		Kind   string     `json:"kind"`
		Chain  []URLBytes `json:"chain"`
		Device ID         `json:"device"`
	}
	err := c.do(ctx, func(e *engine) error {
		if e.device.state == deviceReady {
			return rooms.Errorf(rooms.CodeConflict, "this device belongs to an account")
		}
		// Keys are kept before the server hears of them: an answer that gets
		// lost is asked for again with the same keys.
		if e.account.chain == nil || e.device.state != devicePending {
			if err := e.newAccount(args.Kind, args.Profile); err != nil {
				return err
			}
		}
		body.Code, body.Kind, body.Device = args.Code, args.Kind, e.device.key.Device()
		for _, entry := range e.account.entries[:2] {
			body.Chain = append(body.Chain, entry)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.http(ctx, "POST", enrolPath, body, nil); err != nil {
		return fmt.Errorf("client: enrolling: %w", err)
	}
	return c.do(ctx, func(e *engine) error {
		e.device.state = deviceReady
		e.saveDevice()
		e.connectAlways()
		e.dirtyAll()
		return nil
	})
}

// newAccount makes the keys of a new account and keeps them.
func (e *engine) newAccount(kind string, p ProfileFields) error {
	user := identity.NewID()
	if e.device.state == deviceEmpty {
		if err := e.newDevice(user); err != nil {
			return err
		}
	} else if err := e.setUser(user); err != nil {
		return err
	}
	key := identity.NewUserKey()
	a := account{key: key, kind: kind, profile: p, chain: new(identity.KeyChain)}
	entry, err := a.chain.AppendInit(key, user, e.now())
	if err == nil {
		err = a.apply(entry)
	}
	if err == nil {
		entry, err = a.chain.AppendCertify(key, e.device.key.Keys(), e.now())
	}
	if err == nil {
		err = a.apply(entry)
	}
	if err != nil {
		return fmt.Errorf("client: making an account: %w", err)
	}
	if err := a.newVault(e.device.key); err != nil {
		return err
	}
	e.account = a
	e.saveDevice()
	e.saveAccount()
	return nil
}

// Adopt opens the session and the vault of the account that has certified this
// device, which [Core.NewDevice] made.
func (c *Core) Adopt(ctx context.Context, user ID) error {
	opened := make(chan error, 1)
	err := c.do(ctx, func(e *engine) error {
		switch e.device.state {
		case deviceReady:
			if e.device.user != user {
				return rooms.Errorf(rooms.CodeConflict, "this device belongs to another account")
			}
			opened <- nil
			return nil
		case deviceEmpty:
			return rooms.Errorf(rooms.CodeConflict, "this device has no keys yet")
		}
		if err := e.setUser(user); err != nil {
			return err
		}
		e.saveDevice()
		e.account.opened = append(e.account.opened, opened)
		e.connectAlways()
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case err := <-opened:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.stopped:
		return errStopped
	}
}

// Certify lets a further device into this account: an entry of the key chain and
// a way into the vault. The caller has made sure whose device it is.
func (c *Core) Certify(ctx context.Context, p DevicePublic) error {
	request := identity.DeviceRequest{SignatureKey: []byte(p.SignatureKey), SealKey: p.SealKey}
	if request.Device() != p.Device {
		return rooms.Errorf(rooms.CodeBadCertificate, "the device's id is not that of its keys")
	}
	c.account.Lock()
	defer c.account.Unlock()
	err := c.extendChain(ctx, func(e *engine) ([]byte, error) {
		request.User = e.device.user
		if d, ok := e.account.chain.Device(p.Device); ok && !d.Revoked {
			return nil, nil // certified before; the vault may still lack its slot
		}
		return e.account.chain.AppendCertify(e.account.key, request, e.now())
	})
	if err != nil {
		return err
	}
	return c.changeVault(ctx, func(v *vaultContent) error { return v.addDevice(request) })
}

// extendChain puts an entry at the end of one's own key chain. Where another
// device was faster, it is built again on what that one wrote. The caller holds
// c.account; build gives nil where nothing is to be done.
func (c *Core) extendChain(ctx context.Context, build func(*engine) ([]byte, error)) error {
	const attempts = 5
	for try := 1; ; try++ {
		var entry []byte
		err := c.do(ctx, func(e *engine) (err error) {
			if e.device.state != deviceReady || e.account.key.IsZero() {
				return rooms.Errorf(rooms.CodeUnauthorised, "no account is open")
			}
			entry, err = build(e)
			return err
		})
		if err != nil || entry == nil {
			return err
		}
		err = c.appendChain(ctx, entry)
		if rooms.CodeOf(err) != rooms.CodeConflict || try == attempts {
			return err
		}
		if err := c.followOwnChain(ctx); err != nil {
			return err
		}
	}
}

// appendChain puts an entry at the end of one's own key chain.
func (c *Core) appendChain(ctx context.Context, entry []byte) error {
	if err := c.request(ctx, wire.OpChainAppend, wire.ChainAppend{Entry: entry}, nil); err != nil {
		return fmt.Errorf("client: adding to the key chain: %w", err)
	}
	return c.do(ctx, func(e *engine) error {
		if err := e.account.apply(entry); err != nil {
			return err
		}
		e.ownChainGrew()
		return nil
	})
}

// ownChainGrew keeps one's own key chain, and looks at every room with it.
func (e *engine) ownChainGrew() {
	e.saveAccount()
	e.ownChain.count++
	e.ownChain.grown = e.ownChain.count
	e.logDue(e.device.user)
	e.dirtyAll()
}

// Revoke ends a device of this account for ever, in the key chain and in the vault:
// the server ends its connections, and every room takes it out. What it held, whoever
// has it may have read.
func (c *Core) Revoke(ctx context.Context, device ID) error {
	c.account.Lock()
	defer c.account.Unlock()
	var sealKey []byte
	err := c.extendChain(ctx, func(e *engine) ([]byte, error) {
		d, ok := e.account.chain.Device(device)
		switch {
		case device == e.device.key.Device():
			return nil, rooms.Errorf(rooms.CodeNotAllowed, "a device is revoked by another")
		case !ok:
			return nil, rooms.Errorf(rooms.CodeUnknown, "no such device")
		}
		sealKey = d.SealKey
		if d.Revoked {
			return nil, nil // before; the vault may still have its slot
		}
		return e.account.chain.AppendRevoke(e.account.key, device, e.now())
	})
	if err != nil {
		return err
	}
	return c.changeVault(ctx, func(v *vaultContent) error { return v.removeDevice(sealKey) })
}
