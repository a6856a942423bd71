package media

import "net"

// receiveBuffer and sendBuffer are what is asked of the system for a socket that
// carries everyone's media, in bytes. The system may give less.
const (
	receiveBuffer = 4 << 20
	sendBuffer    = 4 << 20
)

func openSocket(at *net.UDPAddr) (net.PacketConn, error) {
	s, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, err
	}
	_ = s.SetReadBuffer(receiveBuffer)
	_ = s.SetWriteBuffer(sendBuffer)
	return s, nil
}
