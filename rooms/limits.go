package rooms

// Limits of what one entry may hold.
const (
	// MaxPayload is the most bytes of an entry's payload.
	MaxPayload = 1 << 20
	// MaxBody is the most bytes of an event's body: padded, sealed and signed it
	// still fits MaxPayload. Anything larger is a document.
	MaxBody = 768 << 10
	// MaxStatement is the most bytes of a signed statement. The largest is a
	// genesis, which holds a GroupInfo with one leaf.
	MaxStatement = 64 << 10

	maxText      = 64 << 10 // bytes of a message, an opinion, a position
	maxLine      = 1 << 10  // bytes of a name, a title, a code
	maxList      = 512      // elements of a list in a body
	maxSnapshot  = 700 << 10
	maxCitations = 1024
	maxTreeHead  = 2 << 10 // bytes of a signed tree head, witnesses included
	maxRooms     = 1024    // named by one statement
)
