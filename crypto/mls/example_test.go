package mls_test

import (
	"crypto/ed25519"
	"fmt"
	"log"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
)

// A group of three: Camille makes it and brings in two others, one of whom she
// removes again.
func Example() {
	now := time.Now()
	client := func(name string) mls.Client {
		_, key, err := ed25519.GenerateKey(nil)
		check(err)
		return mls.Client{Suite: mls.X25519ChaCha, Credential: mls.BasicCredential([]byte(name)), SignatureKey: key}
	}
	camille, err := mls.NewGroup(client("camille"), []byte("team thread"), nil, now)
	check(err)

	// The others publish key packages; one commit adds both.
	yannClient, paulClient := client("yann"), client("paul")
	yannPackage, yannPrivate, err := mls.NewKeyPackage(yannClient, now, 24*time.Hour)
	check(err)
	paulPackage, paulPrivate, err := mls.NewKeyPackage(paulClient, now, 24*time.Hour)
	check(err)
	staged, err := camille.Commit(mls.CommitOptions{Now: now, Proposals: []mls.Proposal{
		mls.AddProposal{KeyPackage: yannPackage}, mls.AddProposal{KeyPackage: paulPackage},
	}})
	check(err)
	check(camille.Merge(staged)) // once the delivery service has accepted it
	yann, err := mls.JoinWelcome(yannClient, staged.Welcome(), yannPrivate, mls.JoinOptions{Now: now})
	check(err)
	paul, err := mls.JoinWelcome(paulClient, staged.Welcome(), paulPrivate, mls.JoinOptions{Now: now})
	check(err)

	message, err := camille.Encrypt([]byte("welcome"), nil)
	check(err)
	for _, member := range []*mls.Group{yann, paul} {
		received, err := member.Process(message, now)
		check(err)
		fmt.Printf("leaf %d reads %q\n", member.OwnIndex(), received.Application.Data)
	}

	// Paul is removed: he cannot follow, and the keys of the others change.
	staged, err = camille.Commit(mls.CommitOptions{Proposals: []mls.Proposal{mls.RemoveProposal{LeafIndex: paul.OwnIndex()}}})
	check(err)
	received, err := yann.Process(staged.Message(), now)
	check(err)
	fmt.Println("removed:", string(received.Commit.Changes().Removed[0].Leaf.Credential.Identity))
	check(yann.Merge(received.Commit))
	check(camille.Merge(staged))
	message, err = yann.Encrypt([]byte("just us"), nil)
	check(err)
	_, err = paul.Process(message, now)
	fmt.Println("paul:", err)
	// Output:
	// leaf 1 reads "welcome"
	// leaf 2 reads "welcome"
	// removed: paul
	// paul: mls: message of a future epoch: message of epoch 2 in epoch 1 (RFC 9420 §12.4.2)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
