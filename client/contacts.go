package client

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// secretContacts in the vault is JSON of the people met by invitation, whose
// keys the inviter's core has checked: the server knows no names, and neither
// does a room that they have not entered yet.
const secretContacts = "contacts"

// maxContacts bounds the list.
const maxContacts = 2000

// contact finds somebody among the contacts in the vault.
func (e *engine) contact(user ID) (DirectoryRow, bool) {
	if e.account.contacts == nil {
		e.account.contacts = map[ID]DirectoryRow{}
		if len(e.account.vault.blob) > 0 {
			v, err := openVault(wire.Vault{Version: e.account.vault.version, Blob: e.account.vault.blob}, e.device.key)
			if err != nil {
				return DirectoryRow{}, false // a vault that we have no way into any more
			}
			list, err := v.contacts()
			if err != nil {
				return DirectoryRow{}, false
			}
			for _, row := range list {
				e.account.contacts[row.User] = row
			}
		}
	}
	row, ok := e.account.contacts[user]
	return row, ok
}

func (v *vaultContent) contacts() ([]DirectoryRow, error) {
	b, ok := v.vault.Get(secretContacts)
	if !ok {
		return nil, nil
	}
	var list []DirectoryRow
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, rooms.Errorf(rooms.CodeMalformed, "the vault's contacts: %w", err)
	}
	return list, nil
}

// contactAdd keeps people whom the account has met by invitation. One who is
// there already is replaced.
func contactAdd(ctx context.Context, c *Core, a ContactArgs) error {
	for _, row := range a.Contacts {
		if row.User.IsZero() || row.Name == "" {
			return &rooms.Error{Code: rooms.CodeInvalid, Field: "contacts", Detail: "a contact has a user and a name"}
		}
	}
	c.account.Lock()
	defer c.account.Unlock()
	err := c.changeVault(ctx, func(v *vaultContent) error {
		list, err := v.contacts()
		if err != nil {
			return err
		}
		at := map[ID]int{}
		for i, row := range list {
			at[row.User] = i
		}
		for _, row := range a.Contacts {
			if i, ok := at[row.User]; ok {
				list[i] = row
				continue
			}
			at[row.User] = len(list)
			list = append(list, row)
		}
		if len(list) > maxContacts {
			return rooms.Errorf(rooms.CodeTooLarge, "more than %d contacts", maxContacts)
		}
		b, err := json.Marshal(list)
		if err != nil {
			return fmt.Errorf("client: encoding the contacts: %w", err)
		}
		return v.vault.Set(secretContacts, b)
	})
	if err != nil {
		return err
	}
	return c.do(ctx, func(e *engine) error {
		e.account.contacts = nil
		e.dirtyAll()
		return nil
	})
}
