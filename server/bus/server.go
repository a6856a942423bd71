package bus

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// starting is how long a NATS server in this process may take to be ready.
const starting = 10 * time.Second

// A Server is a NATS server in this process, without a port: the bus of a
// network that has one process only. It never forms a cluster.
type Server struct{ nats *server.Server }

// NewServer starts the server.
func NewServer() (*Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "ensemble",
		DontListen: true,
		NoSigs:     true,
		NoLog:      true,
		MaxPayload: MaxPayload,
	})
	if err != nil {
		return nil, fmt.Errorf("starting the bus: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(starting) {
		s.Shutdown()
		return nil, errors.New("starting the bus: it did not become ready")
	}
	return &Server{nats: s}, nil
}

// Connect adds a node to the bus.
func (s *Server) Connect() (*Node, error) {
	return connect("", nats.InProcessServer(s.nats))
}

// Close ends the server and waits until it has ended.
func (s *Server) Close() {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}
