package mls_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
)

// A group of three: Camille makes it and brings in two others, one of whom she
// removes again.
func Example() {
	now, camille, yann, paul := time.Now(), client("camille"), client("yann"), client("paul")
	group := must(mls.NewGroup(camille, []byte("team thread"), nil, now))

	// The others publish key packages; one commit adds both.
	yannPackage, yannKeys, err := mls.NewKeyPackage(yann, now, 24*time.Hour)
	check(err)
	paulPackage, paulKeys, err := mls.NewKeyPackage(paul, now, 24*time.Hour)
	check(err)
	commit := must(group.Commit(mls.CommitOptions{Now: now, Proposals: []mls.Proposal{
		mls.AddProposal{KeyPackage: yannPackage}, mls.AddProposal{KeyPackage: paulPackage},
	}}))
	check(group.Merge(commit)) // once the delivery service has accepted it
	yanns := must(mls.JoinWelcome(yann, commit.Welcome(), yannKeys, mls.JoinOptions{Now: now}))
	pauls := must(mls.JoinWelcome(paul, commit.Welcome(), paulKeys, mls.JoinOptions{Now: now}))

	message := must(group.Encrypt([]byte("welcome"), nil))
	fmt.Printf("yann reads %q\n", must(yanns.Process(message, now)).Application.Data)
	fmt.Printf("paul reads %q\n", must(pauls.Process(message, now)).Application.Data)

	// Paul is removed: the keys of the others change, and he cannot follow.
	commit = must(group.Commit(mls.CommitOptions{Proposals: []mls.Proposal{mls.RemoveProposal{LeafIndex: pauls.OwnIndex()}}}))
	check(yanns.Merge(must(yanns.Process(commit.Message(), now)).Commit))
	check(group.Merge(commit))
	message = must(yanns.Encrypt([]byte("just us"), nil))
	fmt.Printf("camille reads %q\n", must(group.Process(message, now)).Application.Data)
	_, err = pauls.Process(message, now)
	fmt.Println("paul is left behind:", errors.Is(err, mls.ErrFutureEpoch))
	// Output:
	// yann reads "welcome"
	// paul reads "welcome"
	// camille reads "just us"
	// paul is left behind: true
}

func client(name string) mls.Client {
	return mls.Client{
		Suite:        mls.MLKEM768X25519ChaCha,
		Credential:   mls.BasicCredential([]byte(name)),
		SignatureKey: must(mls.MLKEM768X25519ChaCha.GenerateSignatureKey()),
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A group moves to another cipher suite: it ends by a ReInit proposal, and a
// member makes its successor.
func ExampleGroup_Successor() {
	now := time.Now()
	old := client("camille")
	old.Suite = mls.X25519ChaCha
	group := must(mls.NewGroup(old, []byte("team thread"), nil, now))
	commit := must(group.Commit(mls.CommitOptions{Proposals: []mls.Proposal{
		mls.ReInitProposal{GroupID: []byte("team thread, again"), Suite: mls.MLKEM768X25519ChaCha},
	}}))
	check(group.Merge(commit))
	fmt.Println(group.Ended())

	// The others' fresh key packages would stand in the options.
	next := must(group.Successor(client("camille"), mls.SuccessorOptions{Now: now})).Group()
	fmt.Printf("%s, epoch %d\n", next.GroupID(), next.Epoch())
	// Output:
	// mls: group was reinitialised: a commit covered a ReInit proposal (RFC 9420 §12.4.2)
	// team thread, again, epoch 1
}
