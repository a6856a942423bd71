package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/vault"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// Names of secrets in the vault.
const (
	secretIdentity = "identity" // seed of the identity key
	secretProfile  = "profile"  // JSON of ProfileFields
	secretKind     = "kind"
)

// vaultState is the sealed vault as this device last saw it. Written says that
// the server and the key chain have it.
type vaultState struct {
	blob    []byte
	version uint64
	written bool
}

type storedVault struct {
	Blob    []byte `cbor:"1,keyasint"`
	Version uint64 `cbor:"2,keyasint"`
	Written bool   `cbor:"3,keyasint"`
}

func (s storedVault) state() vaultState  { return vaultState{s.Blob, s.Version, s.Written} }
func (v vaultState) stored() storedVault { return storedVault{v.blob, v.version, v.written} }

// vaultContent is an open vault.
type vaultContent struct {
	vault *vault.Vault
	blob  []byte
}

// newVault makes the first vault of an account, with this device as its way in.
func (a *account) newVault(device identity.DeviceKey) error {
	v := vaultContent{vault: vault.New()}
	profile, err := json.Marshal(a.profile)
	if err != nil {
		return fmt.Errorf("client: encoding the profile: %w", err)
	}
	err = errors.Join(
		v.addDevice(device.Keys()),
		v.vault.Set(secretIdentity, a.key.Seed()),
		v.vault.Set(secretProfile, profile),
		v.vault.Set(secretKind, []byte(a.kind)),
	)
	if err != nil {
		return fmt.Errorf("client: making the vault: %w", err)
	}
	blob, version, _ := v.vault.Seal()
	a.vault = vaultState{blob: blob, version: version}
	return nil
}

// openVault opens a sealed vault with a device's seal key.
func openVault(sealed wire.Vault, device identity.DeviceKey) (*vaultContent, error) {
	slot, err := vault.FindSlot(sealed.Blob, device.SealKey().PublicKey())
	if err != nil {
		return nil, rooms.Errorf(rooms.CodeUnauthorised, "the vault has no way in for this device: %w", err)
	}
	v, err := vault.Open(sealed.Blob, slot, device.SealKey())
	if err != nil {
		return nil, rooms.Errorf(rooms.CodeChanged, "opening the vault: %w", err)
	}
	return &vaultContent{v, sealed.Blob}, nil
}

// check compares the blob with what the key chain names.
func (v *vaultContent) check(chain *identity.KeyChain) error {
	head, ok := chain.Vault()
	if !ok {
		return nil
	}
	if err := vault.Check(v.blob, head); err != nil {
		return rooms.Errorf(rooms.CodeChanged, "%w", err)
	}
	return nil
}

func (v *vaultContent) account() (account, error) {
	seed, _ := v.vault.Get(secretIdentity)
	key, err := identity.UserKeyFromSeed(seed)
	if err != nil {
		return account{}, rooms.Errorf(rooms.CodeMalformed, "the vault holds no identity key")
	}
	a := account{key: key}
	kind, _ := v.vault.Get(secretKind)
	a.kind = string(kind)
	profile, _ := v.vault.Get(secretProfile)
	if err := json.Unmarshal(profile, &a.profile); err != nil {
		return account{}, rooms.Errorf(rooms.CodeMalformed, "the vault holds no profile")
	}
	a.vault = vaultState{blob: v.blob, version: v.vault.Version(), written: true}
	return a, nil
}

// addDevice adds a way in for a device, unless it has one.
func (v *vaultContent) addDevice(r identity.DeviceRequest) error {
	for _, s := range v.vault.Slots() {
		if slices.Equal(s.Public, r.SealKey) {
			return nil
		}
	}
	public, err := identity.ParseSealKey(r.SealKey)
	if err != nil {
		return err
	}
	_, err = v.vault.AddSlot(vault.Device, public)
	return err
}

// removeDevice takes a device's way in from the vault, if it has one.
func (v *vaultContent) removeDevice(sealKey []byte) error {
	for _, s := range v.vault.Slots() {
		if slices.Equal(s.Public, sealKey) {
			return v.vault.RemoveSlot(s.ID)
		}
	}
	return nil
}

// changeVault opens the newest vault, changes it, writes it, and logs the write
// in the key chain. Of two devices that do so at once the server refuses one,
// which begins again. The caller holds c.account.
func (c *Core) changeVault(ctx context.Context, change func(*vaultContent) error) error {
	const attempts = 5
	for i := range attempts {
		err := c.writeVault(ctx, change)
		if rooms.CodeOf(err) != rooms.CodeConflict || i == attempts-1 {
			return err
		}
		if err := c.followOwnChain(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *Core) writeVault(ctx context.Context, change func(*vaultContent) error) error {
	var newest wire.Vault
	if err := c.request(ctx, wire.OpVault, nil, &newest); err != nil {
		return fmt.Errorf("client: reading the vault: %w", err)
	}
	var next vaultState
	err := c.do(ctx, func(e *engine) error {
		if len(newest.Blob) == 0 { // enrolled, and not written yet
			newest = wire.Vault{Version: e.account.vault.version, Blob: e.account.vault.blob}
		}
		v, err := openVault(newest, e.device.key)
		if err != nil {
			return err
		}
		if err := v.check(e.account.chain); err != nil {
			return err
		}
		if err := change(v); err != nil {
			return err
		}
		next.blob, next.version, _ = v.vault.Seal()
		return nil
	})
	if err != nil {
		return err
	}
	return c.putVault(ctx, next)
}

// putVault writes a sealed vault and logs it in one's own key chain.
func (c *Core) putVault(ctx context.Context, next vaultState) error {
	if err := c.request(ctx, wire.OpVaultPut, wire.Vault{Version: next.version, Blob: next.blob}, nil); err != nil {
		return fmt.Errorf("client: writing the vault: %w", err)
	}
	if err := c.extendChain(ctx, func(e *engine) ([]byte, error) {
		return e.account.chain.AppendVault(e.account.key, next.version, vault.Hash(next.blob), e.now())
	}); err != nil {
		return err
	}
	return c.do(ctx, func(e *engine) error {
		e.account.vault = next
		e.account.vault.written = true
		e.saveAccount()
		return nil
	})
}

// ensureVault writes the vault of a new account, which the server does not have.
func (c *Core) ensureVault(ctx context.Context) error {
	var v vaultState
	if err := c.do(ctx, func(e *engine) error { v = e.account.vault; return nil }); err != nil {
		return err
	}
	if len(v.blob) == 0 {
		return nil
	}
	if v.written {
		return c.refreshVault(ctx, v)
	}
	var there wire.Vault
	if err := c.request(ctx, wire.OpVault, nil, &there); err != nil {
		return err
	}
	if there.Version >= v.version { // written before the connection ended
		return c.do(ctx, func(e *engine) error {
			e.account.vault.written = true
			e.saveAccount()
			return nil
		})
	}
	return c.putVault(ctx, v)
}

// refreshVault takes in what another device has written, once the key chain names
// it.
func (c *Core) refreshVault(ctx context.Context, have vaultState) error {
	var head identity.VaultHead
	if err := c.do(ctx, func(e *engine) error { head, _ = e.account.chain.Vault(); return nil }); err != nil {
		return err
	}
	if head.Version <= have.version {
		return nil
	}
	var newest wire.Vault
	if err := c.request(ctx, wire.OpVault, nil, &newest); err != nil {
		return err
	}
	return c.do(ctx, func(e *engine) error {
		v, err := openVault(newest, e.device.key)
		if err != nil {
			return err
		}
		if err := v.check(e.account.chain); err != nil {
			e.alarm(rooms.CodeChanged, ID{})
			return err
		}
		a, err := v.account()
		if err != nil {
			return err
		}
		e.account.vault, e.account.profile, e.account.contacts = a.vault, a.profile, nil
		e.saveAccount()
		e.dirtyAll()
		return nil
	})
}
