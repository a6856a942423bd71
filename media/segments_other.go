//go:build !linux

package media

import (
	"errors"
	"net"
	"net/netip"
)

func canSegment(*net.UDPConn) bool { return false }

func cannotSegment(error) bool { return true }

func (s *socket) writeSegments([]byte, int, netip.AddrPort) error { return errors.ErrUnsupported }
