package client

import (
	"context"
	"fmt"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// account is who uses this device: the identity key out of the vault, one's own
// key chain, how one presents oneself.
type account struct {
	key     identity.UserKey
	kind    string
	profile ProfileFields
	chain   *identity.KeyChain
	entries [][]byte // of chain
	vault   vaultState
	// contacts are those in the vault, read when first asked for.
	contacts map[ID]DirectoryRow

	opened []chan error // who waits in Adopt
}

type storedAccount struct {
	Seed    []byte        `cbor:"1,keyasint"`
	Kind    string        `cbor:"2,keyasint"`
	Profile storedProfile `cbor:"3,keyasint"`
	Chain   [][]byte      `cbor:"4,keyasint"`
	Vault   storedVault   `cbor:"5,keyasint"`
}

type storedProfile struct {
	Name         string `cbor:"1,keyasint"`
	Role         string `cbor:"2,keyasint"`
	Organisation string `cbor:"3,keyasint,omitempty"`
	RPPS         string `cbor:"4,keyasint,omitempty"`
	Specialty    string `cbor:"5,keyasint,omitempty"`
}

func (e *engine) loadAccount() error {
	b, err := e.store.get(e.ctx, keyAccount)
	if err != nil || b == nil {
		return err
	}
	var s storedAccount
	if err := decodeState(b, &s); err != nil {
		return err
	}
	a := account{kind: s.Kind, profile: ProfileFields(s.Profile), entries: s.Chain}
	if a.key, err = identity.UserKeyFromSeed(s.Seed); err != nil {
		return fmt.Errorf("%w: %w", errState, err)
	}
	if a.chain, err = identity.ReplayKeyChain(s.Chain); err != nil {
		return fmt.Errorf("%w: %w", errState, err)
	}
	a.vault = s.Vault.state()
	e.account = a
	return nil
}

func (e *engine) saveAccount() {
	a := &e.account
	e.putCBOR(keyAccount, storedAccount{a.key.Seed(), a.kind, storedProfile(a.profile), a.entries, a.vault.stored()})
}

// apply takes in the next entry of one's own chain.
func (a *account) apply(entry []byte) error {
	if err := a.chain.Apply(entry); err != nil {
		return err
	}
	a.entries = append(a.entries, entry)
	return nil
}

// head is the newest of one's own chain.
func (a *account) head() identity.Head {
	number, hash := a.chain.Head()
	return identity.Head{Number: number, Hash: hash}
}

// certificate is this device's, as the own chain has it.
func (e *engine) certificate() (identity.DeviceCertificate, error) {
	if e.account.chain == nil {
		return identity.DeviceCertificate{}, rooms.Errorf(rooms.CodeUnauthorised, "no account is open")
	}
	d, ok := e.account.chain.Device(e.device.key.Device())
	switch {
	case !ok:
		return identity.DeviceCertificate{}, rooms.Errorf(rooms.CodeBadCertificate, "this device is not certified")
	case d.Revoked:
		return identity.DeviceCertificate{}, rooms.Errorf(rooms.CodeBadCertificate, "this device is revoked")
	}
	return d.Certificate, nil
}

// me is one's own user bound to the identity key.
func (e *engine) me() rooms.Party {
	return rooms.Party{User: e.device.user, KeyHash: e.account.key.Hash()}
}

// openAccount fetches one's own chain and vault after a device was adopted.
func (c *Core) openAccount(ctx context.Context) error {
	var user ID
	if err := c.do(ctx, func(e *engine) error { user = e.device.user; return nil }); err != nil {
		return err
	}
	var chain wire.Chain
	if err := c.request(ctx, wire.OpChain, wire.ChainRef{User: user}, &chain); err != nil {
		return err
	}
	replayed, err := identity.ReplayKeyChain(chain.Entries)
	if err != nil || replayed.User() != user {
		return rooms.Errorf(rooms.CodeBadCertificate, "one's own key chain does not verify")
	}
	var sealed wire.Vault
	if err := c.request(ctx, wire.OpVault, nil, &sealed); err != nil {
		return err
	}
	return c.do(ctx, func(e *engine) error {
		device, ok := replayed.Device(e.device.key.Device())
		if !ok || device.Revoked || !slices.Equal(device.Certificate.SignatureKey, e.device.key.Public()) {
			return rooms.Errorf(rooms.CodeBadCertificate, "the account has not certified this device")
		}
		content, err := openVault(sealed, e.device.key)
		if err != nil {
			return err
		}
		if err := content.check(replayed); err != nil {
			return err
		}
		a, err := content.account()
		if err != nil {
			return err
		}
		if a.key.Hash() != identity.KeyHash(replayed.IdentityKey()) {
			return rooms.Errorf(rooms.CodeBadCertificate, "the vault holds another identity key")
		}
		a.chain, a.entries, a.opened = replayed, chain.Entries, e.account.opened
		e.account = a
		e.device.state = deviceReady
		e.saveAccount()
		e.saveDevice()
		return nil
	})
}

// followOwnChain takes in what other devices of the account have added, and
// notices a chain that went back.
func (c *Core) followOwnChain(ctx context.Context) error {
	var ref wire.ChainRef
	if err := c.do(ctx, func(e *engine) error {
		ref.User = e.device.user
		ref.After, _ = e.account.chain.Head()
		return nil
	}); err != nil {
		return err
	}
	var news wire.Chain
	if err := c.request(ctx, wire.OpChain, ref, &news); err != nil {
		return err
	}
	return c.do(ctx, func(e *engine) error {
		for _, entry := range news.Entries {
			if info, err := identity.InspectEntry(entry); err == nil && info.Number <= ref.After {
				continue
			}
			if err := e.account.apply(entry); err != nil {
				e.alarm(rooms.CodeBadCertificate, ID{})
				return fmt.Errorf("client: following one's own key chain: %w", err)
			}
		}
		if len(news.Entries) > 0 {
			e.ownChainGrew()
		}
		_, err := e.certificate()
		return err
	})
}

// answerOpened tells those who wait in Adopt.
func (e *engine) answerOpened(err error) {
	for _, c := range e.account.opened {
		c <- err
	}
	e.account.opened = nil
}
