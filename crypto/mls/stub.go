package mls

import "errors"

var errTODO = errors.New("mls: not yet")

func (g *Group) MarshalBinary() ([]byte, error)                       { return nil, errTODO }
func UnmarshalGroup(b []byte, c Client) (*Group, error)               { return nil, errTODO }
func (p *PublicGroup) MarshalBinary() ([]byte, error)                 { return nil, errTODO }
func UnmarshalPublicGroup(b []byte) (*PublicGroup, error)             { return nil, errTODO }
func (p *KeyPackagePrivate) MarshalBinary() ([]byte, error)           { return nil, errTODO }
func UnmarshalKeyPackagePrivate(b []byte) (*KeyPackagePrivate, error) { return nil, errTODO }
