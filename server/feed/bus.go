package feed

import (
	"errors"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/hub"
)

// Topics on the bus; an id follows.
const (
	topicRooms    = "rooms."   // wake-up: the room has entries up to number
	topicPeople   = "people."  // wake-up: the user's rooms have changed
	topicMail     = "mail."    // wake-up: something waits for the device
	topicHistory  = "history." // wake-up: somebody asks for history in the room
	topicCasts    = "casts."   // message: a frame for the room's followers
	topicPresence = "presence" // message: who is present on a node
)

// relayed is a frame on its way to the followers of a room on other nodes.
type relayed struct {
	Op   wire.Op         `cbor:"1,keyasint"`
	To   rooms.ID        `cbor:"2,keyasint,omitzero"` // device
	Body cbor.RawMessage `cbor:"3,keyasint"`
}

// parseRelayed reads a relayed frame, which must be a push that is not kept.
func parseRelayed(b []byte) (relayed, error) {
	var r relayed
	if err := cbor.Unmarshal(b, &r); err != nil {
		return relayed{}, err
	}
	if r.Op != wire.OpCasts && r.Op != wire.OpCursorP || len(r.Body) == 0 {
		return relayed{}, errNotRelayed
	}
	return r, nil
}

var errNotRelayed = errors.New("not a frame that nodes relay")

func (f *Feed) listen() error {
	for pattern, handler := range map[string]bus.Handler{
		topicRooms + "*":   {Wake: withID(f.heard)},
		topicPeople + "*":  {Wake: withID(func(user rooms.ID, _ uint64) { f.tellHere([]rooms.ID{user}) })},
		topicMail + "*":    {Wake: withID(func(device rooms.ID, _ uint64) { f.mailFor(device) })},
		topicHistory + "*": {Wake: withID(func(room rooms.ID, _ uint64) { f.askedElsewhere(room) })},
		topicCasts + "*":   {Message: f.relayed},
		topicPresence:      {Message: func(_ string, b []byte) { f.presenceHeard(b) }},
	} {
		sub, err := f.Bus.Subscribe(f.ctx, pattern, handler)
		if err != nil {
			return err
		}
		f.subscriptions = append(f.subscriptions, sub)
	}
	return nil
}

func withID(then func(rooms.ID, uint64)) func(string, uint64) {
	return func(topic string, number uint64) {
		if id, ok := idOf(topic); ok {
			then(id, number)
		}
	}
}

func idOf(topic string) (rooms.ID, bool) {
	_, text, _ := strings.Cut(topic, ".")
	id, err := identity.ParseID(text)
	return id, err == nil
}

func (f *Feed) wake(topic string, number uint64) {
	if err := f.Bus.Wake(topic, number); err != nil {
		f.Logger.Debug("waking the other nodes", "error", err)
	}
}

// Cast hands a frame that is not kept to the followers of a room, here and on the
// other nodes; not to the connection that it comes from (nil for none), and only
// to one device if that is not zero.
func (f *Feed) Cast(room rooms.ID, op wire.Op, body any, from *hub.Conn, to rooms.ID) error {
	if err := f.Hub.Cast(room, op, body, from, to); err != nil {
		return err
	}
	b, err := cbor.Marshal(body)
	if err != nil {
		return err
	}
	if b, err = cbor.Marshal(relayed{op, to, b}); err != nil {
		return err
	}
	if err := f.Bus.Send(topicCasts+room.String(), b); err != nil {
		f.Logger.Debug("sending to the other nodes", "error", err)
	}
	return nil
}

func (f *Feed) relayed(topic string, b []byte) {
	room, ok := idOf(topic)
	if !ok || f.find(room) == nil {
		return
	}
	r, err := parseRelayed(b)
	if err != nil {
		f.Logger.Warn("a frame from another node does not decode")
		return
	}
	if err := f.Hub.Cast(room, r.Op, r.Body, nil, r.To); err != nil {
		f.Logger.Warn("a frame from another node", "error", err)
	}
}

// ToDevice sends a frame to the connections of a device on this node, and tells
// whether there was one.
func (f *Feed) ToDevice(user, device rooms.ID, op wire.Op, body any) bool {
	sent := false
	for _, c := range f.Hub.Of(user) {
		if c.Device == device {
			c.Send(op, 0, body)
			sent = true
		}
	}
	return sent
}
