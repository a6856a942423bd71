package rooms

import "slices"

// ThreadState is a conversation: what was posted, in order, with its traces.
type ThreadState struct {
	posts     []*Post
	index     map[ID]int
	documents map[ID]int
}

// Post is a message or a document in a conversation.
type Post struct {
	ID        ID              `cbor:"1,keyasint"` // of the event
	Seq       uint64          `cbor:"2,keyasint"`
	At        int64           `cbor:"3,keyasint"` // server time, UTC ms
	By        ID              `cbor:"4,keyasint"`
	Device    ID              `cbor:"5,keyasint"`
	Written   int64           `cbor:"6,keyasint"` // the author's clock
	Text      string          `cbor:"7,keyasint"` // the newest; a document's caption; "" once retracted
	ReplyTo   ID              `cbor:"8,keyasint,omitzero"`
	Mentions  []ID            `cbor:"9,keyasint,omitempty"`
	Former    []FormerText    `cbor:"10,keyasint,omitempty"` // oldest first
	Retracted int64           `cbor:"11,keyasint,omitempty"` // when; 0 while it stands
	Document  *DocumentShared `cbor:"12,keyasint,omitempty"`
	Opened    []Opening       `cbor:"13,keyasint,omitempty"` // of a document: who, when first
}

// FormerText is a text that an edit replaced.
type FormerText struct {
	Until int64  `cbor:"1,keyasint"` // when it was replaced, server time
	Text  string `cbor:"2,keyasint"`
}

// Opening is somebody's first opening of a document.
type Opening struct {
	User ID    `cbor:"1,keyasint"`
	At   int64 `cbor:"2,keyasint"`
}

func newThread() *ThreadState {
	return &ThreadState{index: map[ID]int{}, documents: map[ID]int{}}
}

// Posts are all posts, oldest first.
func (t *ThreadState) Posts() []*Post { return t.posts }

// Post finds a post by its event.
func (t *ThreadState) Post(id ID) (*Post, bool) {
	i, ok := t.index[id]
	if !ok {
		return nil, false
	}
	return t.posts[i], true
}

// Document finds the post that shared a document.
func (t *ThreadState) Document(document ID) (*Post, bool) {
	i, ok := t.documents[document]
	if !ok {
		return nil, false
	}
	return t.posts[i], true
}

// Documents are the posts that share a document which was not retracted, oldest first.
func (t *ThreadState) Documents() []*Post {
	var all []*Post
	for _, p := range t.posts {
		if p.Document != nil && p.Retracted == 0 {
			all = append(all, p)
		}
	}
	return all
}

func (t *ThreadState) add(p *Post) {
	t.index[p.ID] = len(t.posts)
	if p.Document != nil {
		t.documents[p.Document.Document] = len(t.posts)
	}
	t.posts = append(t.posts, p)
}

func (r *Room) judgeThread(w writing, body any) (func(), error) {
	t := r.thread
	post := func(p Post) func() {
		p.ID, p.Seq, p.At, p.By, p.Device, p.Written = w.id, w.seq, w.at, w.by, w.device.Device, w.written
		return func() { t.add(&p) }
	}
	switch b := body.(type) {
	case *Message:
		if err := firstError(text("text", b.Text, true), idList("mentions", b.Mentions)); err != nil {
			return nil, err
		}
		return post(Post{Text: b.Text, ReplyTo: b.ReplyTo, Mentions: b.Mentions}), nil

	case *DocumentShared:
		if err := firstError(
			present("document", b.Document), line("name", b.Name, true), line("media_type", b.MediaType, true),
			line("key", b.Key, true), text("caption", b.Caption, false),
		); err != nil {
			return nil, err
		}
		if b.Size < 0 || b.Ciphertext <= 0 || b.SHA256 == ([32]byte{}) {
			return nil, invalid("size", "document without size or hash")
		}
		if _, twice := t.documents[b.Document]; twice {
			return nil, Errorf(CodeConflict, "the document is shared here already")
		}
		return post(Post{Text: b.Caption, ReplyTo: b.ReplyTo, Document: b}), nil

	case *MessageEdited:
		if err := firstError(text("text", b.Text, true), idList("mentions", b.Mentions)); err != nil {
			return nil, err
		}
		p, err := t.own(w, b.Target)
		if err != nil {
			return nil, err
		}
		if p.Text == b.Text && slices.Equal(p.Mentions, b.Mentions) {
			return nil, Errorf(CodeConflict, "the text is so already")
		}
		return func() {
			p.Former = append(p.Former, FormerText{Until: w.at, Text: p.Text})
			p.Text, p.Mentions = b.Text, b.Mentions
		}, nil

	case *MessageRetracted:
		p, err := t.own(w, b.Target)
		if err != nil {
			return nil, err
		}
		return func() {
			p.Text, p.Mentions, p.Former, p.Retracted = "", nil, nil, w.at
			if p.Document != nil {
				p.Document = &DocumentShared{Document: p.Document.Document, Name: "", MediaType: p.Document.MediaType}
			}
		}, nil

	case *DocumentOpened:
		i, ok := t.documents[b.Document]
		if !ok {
			return nil, Errorf(CodeUnknown, "no such document here")
		}
		p := t.posts[i]
		if p.Retracted != 0 {
			return nil, Errorf(CodeConflict, "the document was retracted")
		}
		return func() {
			if !slices.ContainsFunc(p.Opened, func(o Opening) bool { return o.User == w.by }) {
				p.Opened = append(p.Opened, Opening{User: w.by, At: w.at})
			}
		}, nil
	}
	return nil, Errorf(CodeUnknown, "event of unknown type")
}

// own finds the author's own post, which must stand.
func (t *ThreadState) own(w writing, target ID) (*Post, error) {
	p, ok := t.Post(target)
	switch {
	case !ok:
		return nil, Errorf(CodeUnknown, "no such message")
	case p.By != w.by:
		return nil, Errorf(CodeNotAllowed, "the message is another's")
	case p.Retracted != 0:
		return nil, Errorf(CodeConflict, "the message was retracted")
	}
	return p, nil
}
