// Command sfu is the forwarding unit alone, with its signalling on a websocket:
// what the browser's side of a call is tested against without a server around it.
// It prints its address and runs until its standard input closes. Anybody on the
// machine may join; it is never part of a release.
package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/media/mediatest"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sfu:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	node, err := media.NewNode(media.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, node.Close())
	}
	natives := &bots{node: node, all: map[string]*mediatest.Bot{}}
	defer natives.close()
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /bot", natives.join)
	mux.HandleFunc("GET /counts", natives.counts)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // the upgrader has answered
		}
		defer conn.Close()
		if err := serve(node.Call(r.URL.Query().Get("call")), r.URL.Query().Get("peer"), conn); err != nil {
			slog.Debug("sfu: a peer has gone", "error", err)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = server.Close()
	}()
	fmt.Fprintf(out, "ws://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, node.Close())
	}
	return node.Close()
}

// serve carries signals between a peer and its page until either goes.
func serve(call *media.Call, name string, conn *websocket.Conn) error {
	var writing sync.Mutex
	peer, err := call.Join(name, func(s media.Signal) {
		writing.Lock()
		defer writing.Unlock()
		_ = conn.WriteJSON(s) // a broken connection ends the reading below
	})
	if err != nil {
		return err
	}
	defer call.Remove(name)
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		signal, err := media.ParseJSON(data)
		if err != nil {
			return err
		}
		if err := peer.Handle(signal); err != nil {
			slog.Warn("sfu: refused", "type", signal.Type, "error", err)
		}
	}
}
