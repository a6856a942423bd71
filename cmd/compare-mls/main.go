// Command compare-mls measures crypto/mls at what the comparison with other
// implementations measures (scripts/compare-mls.sh), natively or, built for
// js/wasm, under Node. It prints one JSON row a line.
//
// Every implementation does the same work: a founder adds all members in one
// commit, and then, in that tree, commits, adds, encrypts; a second member
// processes what the founder sends.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
)

// row is how long one operation took, in the mean.
type row struct {
	Implementation string  `json:"implementation"`
	Operation      string  `json:"operation"`
	Members        int     `json:"members"`
	Microseconds   float64 `json:"microseconds"`
}

// enough is how long an operation is repeated, and fewest how often at least, unless
// it has taken plenty by then.
const (
	enough = 400 * time.Millisecond
	fewest = 3
	plenty = 5 * time.Second
)

func main() {
	suite := mls.X25519ChaCha
	var sizes []int
	for _, arg := range os.Args[1:] {
		n, err := strconv.ParseUint(arg, 0, 16)
		if err != nil {
			fatal(fmt.Errorf("usage: compare-mls [0xSUITE] MEMBERS…: %w", err))
		}
		if len(arg) > 2 && arg[:2] == "0x" {
			suite = mls.CipherSuite(n)
		} else {
			sizes = append(sizes, int(n))
		}
	}
	// Once without a word: what runs for the first time is compiled on the way.
	out := json.NewEncoder(io.Discard)
	for i, n := range append([]int{10}, sizes...) {
		if i > 0 {
			out = json.NewEncoder(os.Stdout)
		}
		if err := measure(out, suite, n); err != nil {
			fatal(fmt.Errorf("%d members: %w", n, err))
		}
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "compare-mls:", err)
	os.Exit(1)
}

func report(out *json.Encoder, operation string, suite mls.CipherSuite, members int, mean time.Duration) error {
	name := "ours, native"
	if runtime.GOARCH == "wasm" {
		name = "ours, WebAssembly"
	}
	if suite != mls.X25519ChaCha {
		name += fmt.Sprintf(", suite 0x%04x", uint16(suite))
	}
	return out.Encode(row{name, operation, members, float64(mean.Nanoseconds()) / 1e3})
}

// clock adds up the time of one operation.
type clock struct {
	total time.Duration
	times int
}

func (c *clock) run(f func() error) error {
	start := time.Now()
	err := f()
	c.total += time.Since(start)
	c.times++
	return err
}

func (c *clock) enough() bool {
	return c.times >= fewest && c.total >= enough || c.total >= plenty
}

func (c *clock) mean() time.Duration { return c.total / time.Duration(c.times) }

type person struct {
	client  mls.Client
	private *mls.KeyPackagePrivate
	group   *mls.Group
}

func newPerson(suite mls.CipherSuite, name string) (*person, error) {
	key, err := suite.GenerateSignatureKey()
	if err != nil {
		return nil, err
	}
	return &person{client: mls.Client{Suite: suite, Credential: mls.BasicCredential([]byte(name)), SignatureKey: key}}, nil
}

func (p *person) keyPackage() (kp *mls.KeyPackage, err error) {
	kp, p.private, err = mls.NewKeyPackage(p.client, time.Now(), time.Hour)
	return kp, err
}

func (p *person) join(welcome []byte) (err error) {
	p.group, err = mls.JoinWelcome(p.client, welcome, p.private, mls.JoinOptions{})
	return err
}

func (p *person) follow(commit []byte) error {
	processed, err := p.group.Process(commit, time.Time{})
	if err != nil {
		return err
	}
	return p.group.Merge(processed.Commit)
}

func measure(out *json.Encoder, suite mls.CipherSuite, members int) error {
	founder, err := newPerson(suite, "founder")
	if err != nil {
		return err
	}
	var create clock
	for !create.enough() {
		if err := create.run(func() (err error) {
			founder.group, err = mls.NewGroup(founder.client, []byte("group"), nil, time.Now())
			return err
		}); err != nil {
			return err
		}
	}
	if err := report(out, "create", suite, members, create.mean()); err != nil {
		return err
	}

	var second *person
	var adds []mls.Proposal
	for i := range members - 1 {
		p, err := newPerson(suite, "member "+strconv.Itoa(i))
		if err != nil {
			return err
		}
		kp, err := p.keyPackage()
		if err != nil {
			return err
		}
		adds = append(adds, mls.AddProposal{KeyPackage: kp})
		if i == 0 {
			second = p
		}
	}
	staged, err := founder.group.Commit(mls.CommitOptions{Proposals: adds})
	if err != nil {
		return err
	}
	if err := founder.group.Merge(staged); err != nil {
		return err
	}
	if err := second.join(staged.Welcome()); err != nil {
		return err
	}
	for _, part := range []func(*json.Encoder, mls.CipherSuite, int, *person, *person) error{commits, additions, messages, exports} {
		if err := part(out, suite, members, founder, second); err != nil {
			return err
		}
	}
	return nil
}

// commits measures making and merging a commit that renews the committer's keys,
// and processing and merging it.
func commits(out *json.Encoder, suite mls.CipherSuite, members int, founder, second *person) error {
	var commit, process clock
	for !commit.enough() || !process.enough() {
		var staged *mls.StagedCommit
		if err := commit.run(func() (err error) {
			if staged, err = founder.group.Commit(mls.CommitOptions{}); err != nil {
				return err
			}
			return founder.group.Merge(staged)
		}); err != nil {
			return err
		}
		if err := process.run(func() error { return second.follow(staged.Message()) }); err != nil {
			return err
		}
	}
	if err := report(out, "commit", suite, members, commit.mean()); err != nil {
		return err
	}
	return report(out, "process a commit", suite, members, process.mean())
}

// additions measures adding one member, and joining by the Welcome. Whoever was
// added is removed again.
func additions(out *json.Encoder, suite mls.CipherSuite, members int, founder, second *person) error {
	var add, join clock
	for !add.enough() || !join.enough() {
		p, err := newPerson(suite, "newcomer")
		if err != nil {
			return err
		}
		kp, err := p.keyPackage()
		if err != nil {
			return err
		}
		var staged *mls.StagedCommit
		if err := add.run(func() (err error) {
			if staged, err = founder.group.Commit(mls.CommitOptions{Proposals: []mls.Proposal{mls.AddProposal{KeyPackage: kp}}, OmitPath: true}); err != nil {
				return err
			}
			return founder.group.Merge(staged)
		}); err != nil {
			return err
		}
		if err := second.follow(staged.Message()); err != nil {
			return err
		}
		if err := join.run(func() error { return p.join(staged.Welcome()) }); err != nil {
			return err
		}
		if staged, err = founder.group.Commit(mls.CommitOptions{Proposals: []mls.Proposal{mls.RemoveProposal{LeafIndex: p.group.OwnIndex()}}}); err != nil {
			return err
		}
		if err := founder.group.Merge(staged); err != nil {
			return err
		}
		if err := second.follow(staged.Message()); err != nil {
			return err
		}
	}
	if err := report(out, "add one member", suite, members, add.mean()); err != nil {
		return err
	}
	return report(out, "join by Welcome", suite, members, join.mean())
}

func messages(out *json.Encoder, suite mls.CipherSuite, members int, founder, second *person) error {
	data := make([]byte, 1000)
	var encrypt, decrypt clock
	for !encrypt.enough() || !decrypt.enough() {
		var message []byte
		if err := encrypt.run(func() (err error) {
			message, err = founder.group.Encrypt(data, nil)
			return err
		}); err != nil {
			return err
		}
		if err := decrypt.run(func() error {
			_, err := second.group.Process(message, time.Time{})
			return err
		}); err != nil {
			return err
		}
	}
	if err := report(out, "encrypt 1 kB", suite, members, encrypt.mean()); err != nil {
		return err
	}
	return report(out, "decrypt 1 kB", suite, members, decrypt.mean())
}

func exports(out *json.Encoder, suite mls.CipherSuite, members int, founder, _ *person) error {
	var export clock
	for !export.enough() {
		if err := export.run(func() error {
			_, err := founder.group.Export("label", []byte("context"), 32)
			return err
		}); err != nil {
			return err
		}
	}
	return report(out, "exporter", suite, members, export.mean())
}
