package authz

import "github.com/ensemble-sante/ensemble/rooms/wire"

// Operation names something that can be asked of the server.
type Operation string

// Operations over the websocket. An append is three operations, because an
// entry of each kind comes from other people.
const (
	Connect         Operation = "connect"
	Hello           Operation = "hello"
	Create          Operation = "create"
	AppendCommit    Operation = "append.commit"
	AppendEvent     Operation = "append.event"
	AppendStatement Operation = "append.statement"
	Fetch           Operation = "fetch"
	Follow          Operation = "follow"
	Unfollow        Operation = "unfollow"
	GroupInfo       Operation = "group_info"
	Cast            Operation = "cast"
	Cursor          Operation = "cursor"
	Cursors         Operation = "cursors"
	AskHistory      Operation = "ask_history"
	SendGrant       Operation = "send_grant"
	Mailbox         Operation = "mailbox"
	Chain           Operation = "chain"
	ChainAppend     Operation = "chain.append"
	Vault           Operation = "vault"
	VaultPut        Operation = "vault.put"
	Signal          Operation = "signal"
	Invite          Operation = "invite"
	Access          Operation = "access"
	Directory       Operation = "directory"
	KeyLog          Operation = "key_log"
)

// Operations over HTTP.
const (
	Enrol            Operation = "http.enrol"
	Challenge        Operation = "http.session.challenge"
	SessionOpen      Operation = "http.session.open"
	SessionShow      Operation = "http.session.show"
	SessionClose     Operation = "http.session.close"
	DocumentBegin    Operation = "http.document.begin"
	DocumentPart     Operation = "http.document.part"
	DocumentParts    Operation = "http.document.parts"
	DocumentComplete Operation = "http.document.complete"
	DocumentRead     Operation = "http.document.read"
	DocumentDelete   Operation = "http.document.delete"
	Health           Operation = "http.health"
	Ready            Operation = "http.ready"
	ClientHash       Operation = "http.client_hash"
	Web              Operation = "http.web"
)

var rules = map[Operation]Grounds{
	Connect:     Account,
	Hello:       Account,
	Mailbox:     Account, // the device's own
	Chain:       Account, // key chains are public to the network
	ChainAppend: Account, // one's own
	Vault:       Account, // one's own
	VaultPut:    Account,
	Directory:   Account,
	KeyLog:      Account, // public to the network, as the chains are
	Unfollow:    Account,
	Create:      Account, // whoever creates a room is its first collector

	// A commit also comes from somebody consented who enters.
	AppendCommit: Participant,
	AppendEvent:  Leaf,
	// Receipts and withdrawals come from collectors and the person, who need not
	// be in every room of their case; a participant may withdraw from it.
	AppendStatement: Participant | Collector | Person | Chair,

	Fetch:      Participant,
	Follow:     Participant,
	GroupInfo:  Participant,
	Cursors:    Participant,
	Cursor:     Participant,
	Cast:       Leaf,
	AskHistory: Leaf,
	SendGrant:  Leaf,
	Signal:     Leaf,
	Invite:     Chair | Collector,
	Access:     Person | Collector,

	DocumentBegin:    Leaf,
	DocumentPart:     Uploader,
	DocumentParts:    Uploader,
	DocumentComplete: Uploader,
	DocumentDelete:   Uploader,
	DocumentRead:     Participant,

	Enrol:        Anybody, // with a code
	Challenge:    Anybody,
	SessionOpen:  Anybody, // with a signature
	SessionShow:  Account,
	SessionClose: Account,
	Health:       Anybody,
	Ready:        Anybody,
	ClientHash:   Anybody,
	Web:          Anybody,
}

// OfWire gives the operation of a request over the websocket. OpAppend stands
// for three: AppendCommit is given, and [OfAppend] tells them apart. False if
// the op is no request.
func OfWire(op wire.Op) (Operation, bool) {
	o, ok := wireOps[op]
	return o, ok
}

var wireOps = map[wire.Op]Operation{
	wire.OpHello:       Hello,
	wire.OpCreate:      Create,
	wire.OpAppend:      AppendCommit,
	wire.OpFetch:       Fetch,
	wire.OpFollow:      Follow,
	wire.OpUnfollow:    Unfollow,
	wire.OpGroupInfo:   GroupInfo,
	wire.OpCast:        Cast,
	wire.OpCursor:      Cursor,
	wire.OpCursors:     Cursors,
	wire.OpAskHistory:  AskHistory,
	wire.OpSendGrant:   SendGrant,
	wire.OpMailbox:     Mailbox,
	wire.OpChain:       Chain,
	wire.OpChainAppend: ChainAppend,
	wire.OpVault:       Vault,
	wire.OpVaultPut:    VaultPut,
	wire.OpSignal:      Signal,
	wire.OpInvite:      Invite,
	wire.OpAccess:      Access,
	wire.OpDirectory:   Directory,
	wire.OpKeyLog:      KeyLog,
}
