package feed

import (
	"context"
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/store"
)

// offerAgain is after how long without a grant the next member is asked.
const offerAgain = 4 * time.Second

// maxMails bounds what a mailbox gives at a time.
const maxMails = 64

// mail is about requests for history and their answers.
type mail struct {
	until time.Time // of the last look, by the database's clock; of the goroutine of Run
}

// AskHistory keeps a device's request for earlier record keys of a room until it
// is granted, and offers it to the members who are online, one after another.
func (f *Feed) AskHistory(ctx context.Context, r wire.HistoryRequest) error {
	id := newID()
	not := make([][]byte, len(r.Not))
	for i := range r.Not {
		not[i] = r.Not[i][:]
	}
	_, err := f.Store.PutHistoryRequest(ctx, store.PutHistoryRequestParams{
		RequestID: id[:], RoomID: r.Room[:], UserID: r.User[:], DeviceID: r.Device[:],
		FromEpoch: int64(r.Epochs[0]), ToEpoch: int64(r.Epochs[1]), NotBy: not, //nolint:gosec // the caller has checked
	})
	if err != nil {
		return err
	}
	f.wake(topicHistory+r.Room.String(), uint64(f.Now().UnixMilli())) //nolint:gosec // after 1970
	f.offerHistoryIn(ctx, []rooms.ID{r.Room})
	return nil
}

// offerHistory offers the requests of the rooms that are followed here.
func (f *Feed) offerHistory(ctx context.Context) {
	var list []rooms.ID
	for _, r := range f.followed() {
		list = append(list, r.id)
	}
	f.offerHistoryIn(ctx, list)
}

// askedElsewhere offers what another node was asked.
func (f *Feed) askedElsewhere(room rooms.ID) {
	if f.find(room) != nil {
		ctx, cancel := context.WithTimeout(f.ctx, 5*time.Second)
		defer cancel()
		f.offerHistoryIn(ctx, []rooms.ID{room})
	}
}

func (f *Feed) offerHistoryIn(ctx context.Context, list []rooms.ID) {
	if len(list) == 0 {
		return
	}
	ids := make([][]byte, len(list))
	for i := range list {
		ids[i] = list[i][:]
	}
	before := f.Now().Add(-offerAgain)
	rows, err := f.Store.DueHistoryRequests(ctx, store.DueHistoryRequestsParams{Rooms: ids, Before: &before})
	if err != nil {
		f.Logger.Warn("looking for requests for history", "error", err)
		return
	}
	for _, row := range rows {
		if err := f.offer(ctx, row, before); err != nil {
			f.Logger.Warn("offering a request for history", "error", err)
		}
	}
}

// offer asks one member's device that is online here; the one after the last
// that was asked, in the order of the group's leaves.
func (f *Feed) offer(ctx context.Context, row store.DueHistoryRequestsRow, before time.Time) error {
	r := f.find(rooms.ID(row.RoomID))
	if r == nil {
		return nil
	}
	view, err := f.Appender.View(ctx, r.id)
	if err != nil {
		return err
	}
	asker := rooms.ID(row.DeviceID)
	if view.MayDeliver(rooms.ID(row.UserID), f.Now().UnixMilli()) != nil { // not any more
		return f.Store.DeleteHistoryRequest(ctx, store.DeleteHistoryRequestParams{RoomID: row.RoomID, DeviceID: row.DeviceID})
	}
	r.mu.Lock()
	here := make(map[rooms.ID]rooms.ID, len(r.conns))
	for c := range r.conns {
		here[c.Device] = c.User
	}
	r.mu.Unlock()
	var candidates []rooms.LeafMember
	for _, m := range view.Members() {
		if _, ok := here[m.Device]; ok && m.Device != asker && !names(row.NotBy, m.User) && view.MayDeliver(m.User, f.Now().UnixMilli()) == nil {
			candidates = append(candidates, m)
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	last := slices.IndexFunc(candidates, func(m rooms.LeafMember) bool { return string(m.Device[:]) == string(row.OfferedTo) })
	next := candidates[(last+1)%len(candidates)]
	n, err := f.Store.OfferHistoryRequest(ctx, store.OfferHistoryRequestParams{
		RequestID: row.RequestID, DeviceID: next.Device[:], Before: &before,
	})
	if err != nil || n == 0 { // another node was faster
		return err
	}
	var not []rooms.ID
	for _, user := range row.NotBy {
		not = append(not, rooms.ID(user))
	}
	f.ToDevice(next.User, next.Device, wire.OpMail, wire.Mail{
		ID: rooms.ID(row.RequestID), Room: r.id, From: rooms.ID(row.UserID), Device: asker,
		Request: &wire.HistoryRequest{
			Room: r.id, Epochs: []uint64{uint64(row.FromEpoch), uint64(row.ToEpoch)}, //nolint:gosec // written as such
			User: rooms.ID(row.UserID), Device: asker, Not: not,
		},
	})
	return nil
}

func names(users [][]byte, user rooms.ID) bool {
	return slices.ContainsFunc(users, func(b []byte) bool { return string(b) == string(user[:]) })
}

// SendGrant puts a sealed grant into a device's mailbox, and takes the device's
// request as answered if the grant covers it.
func (f *Feed) SendGrant(ctx context.Context, id rooms.ID, g wire.GrantDelivery, granted rooms.Grant, from, device rooms.ID) error {
	err := f.Store.Tx(ctx, func(q *store.Queries) error {
		err := q.InsertMail(ctx, store.InsertMailParams{
			MailID: id[:], DeviceID: g.Device[:], UserID: g.User[:], RoomID: g.Room[:],
			FromUser: from[:], FromDevice: device[:], Sealed: g.Sealed,
		})
		if err != nil {
			return err
		}
		request, err := q.HistoryRequestOf(ctx, store.HistoryRequestOfParams{RoomID: g.Room[:], DeviceID: g.Device[:]})
		if err != nil {
			return ignoreNotFound(err)
		}
		if names(request.NotBy, from) {
			return nil
		}
		if uint64(request.FromEpoch) < granted.From || uint64(request.ToEpoch) > granted.To { //nolint:gosec // written as such
			return nil
		}
		return q.DeleteHistoryRequest(ctx, store.DeleteHistoryRequestParams{RoomID: g.Room[:], DeviceID: g.Device[:]})
	})
	if err != nil {
		return err
	}
	if !f.ToDevice(g.User, g.Device, wire.OpMail, wire.Mail{ID: id, Room: g.Room, From: from, Device: device, Grant: g.Sealed}) {
		f.wake(topicMail+g.Device.String(), uint64(f.Now().UnixMilli())) //nolint:gosec // after 1970
	}
	return nil
}

// Mailbox drops what a device has taken and gives what waits for it, of rooms that
// its user is still let into.
func (f *Feed) Mailbox(ctx context.Context, device rooms.ID, done []rooms.ID) (wire.Mailbox, error) {
	if len(done) > 0 {
		ids := make([][]byte, len(done))
		for i := range done {
			ids[i] = done[i][:]
		}
		if err := f.Store.DeleteMails(ctx, store.DeleteMailsParams{DeviceID: device[:], Mails: ids}); err != nil {
			return wire.Mailbox{}, err
		}
	}
	rows, err := f.Store.Mailbox(ctx, store.MailboxParams{DeviceID: device[:], Now: f.Now().UnixMilli(), Most: maxMails})
	if err != nil {
		return wire.Mailbox{}, err
	}
	var box wire.Mailbox
	for _, row := range rows {
		box.Mails = append(box.Mails, wire.Mail{
			ID: rooms.ID(row.MailID), Room: rooms.ID(row.RoomID), From: rooms.ID(row.FromUser),
			Device: rooms.ID(row.FromDevice), Grant: row.Sealed,
		})
	}
	return box, nil
}

// mailFor pushes what waits for a device, if it is connected here.
func (f *Feed) mailFor(device rooms.ID) {
	for _, c := range f.Hub.Conns() {
		if c.Device != device {
			continue
		}
		ctx, cancel := context.WithTimeout(f.ctx, 5*time.Second)
		box, err := f.Mailbox(ctx, device, nil)
		cancel()
		if err != nil {
			f.Logger.Warn("reading a mailbox", "error", err)
			return
		}
		for _, m := range box.Mails {
			c.Send(wire.OpMail, 0, m)
		}
	}
}

// deliverMail looks for mail that came while the bus was silent.
func (f *Feed) deliverMail(ctx context.Context) {
	conns := f.Hub.Conns()
	if len(conns) == 0 {
		return
	}
	now, err := f.Store.Now(ctx)
	if err != nil {
		return
	}
	if f.mail.until.IsZero() {
		f.mail.until = now
	}
	ids := make([][]byte, len(conns))
	for i, c := range conns {
		ids[i] = c.Device.Bytes()
	}
	rows, err := f.Store.DevicesWithMail(ctx, store.DevicesWithMailParams{Devices: ids, Since: f.mail.until.Add(-5 * time.Second)})
	if err != nil {
		f.Logger.Warn("looking for mail", "error", err)
		return
	}
	f.mail.until = now
	for _, device := range rows {
		f.mailFor(rooms.ID(device))
	}
}
