package media

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// canSegment says whether the system takes several packets in one call and
// segments them itself (UDP_SEGMENT, Linux 4.18).
func canSegment(c *net.UDPConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	ok := false
	err = raw.Control(func(fd uintptr) {
		_, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		ok = err == nil
	})
	return err == nil && ok
}

// cannotSegment says whether err means that the route's device cannot do it.
func cannotSegment(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)
}

var controls = sync.Pool{New: func() any { b := make([]byte, unix.CmsgSpace(2)); return &b }}

// writeSegments sends data as packets of size bytes, of which the last may be
// shorter.
func (s *socket) writeSegments(data []byte, size int, addr netip.AddrPort) error {
	control := controls.Get().(*[]byte)
	defer controls.Put(control)
	b := *control
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level = unix.IPPROTO_UDP
	h.Type = unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&b[unix.CmsgLen(0)])) = uint16(size)
	_, _, err := s.WriteMsgUDPAddrPort(data, b, addr)
	return err
}
