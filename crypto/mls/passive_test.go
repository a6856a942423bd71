package mls

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// passiveCase is a client that is welcomed into a group and follows it.
type passiveCase struct {
	Suite        CipherSuite `json:"cipher_suite"`
	ExternalPSKs []struct {
		ID  hexBytes `json:"psk_id"`
		PSK hexBytes `json:"psk"`
	} `json:"external_psks"`
	KeyPackage           hexBytes `json:"key_package"`
	SignaturePriv        hexBytes `json:"signature_priv"`
	EncryptionPriv       hexBytes `json:"encryption_priv"`
	InitPriv             hexBytes `json:"init_priv"`
	Welcome              hexBytes `json:"welcome"`
	RatchetTree          hexBytes `json:"ratchet_tree"`
	InitialAuthenticator hexBytes `json:"initial_epoch_authenticator"`
	Epochs               []passiveStep
}

// passiveStep is an epoch that a commit begins.
type passiveStep struct {
	Proposals     []hexBytes
	Commit        hexBytes
	Authenticator hexBytes `json:"epoch_authenticator"`
}

// passiveEpoch names an epoch of a group of which some case needs the secrets.
type passiveEpoch struct {
	group string
	epoch uint64
}

// passiveGroups are the groups that cases went through, for other cases whose
// Welcome refers to them: the format gives no resumption secrets.
type passiveGroups struct {
	resumption map[passiveEpoch][]byte
	wanted     map[passiveEpoch]bool
	states     map[passiveEpoch]*Group // of wanted epochs
}

func (p *passiveGroups) passed(t *testing.T, g *Group) {
	at := passiveEpoch{string(g.GroupID()), g.Epoch()}
	if secret, ok := g.ResumptionSecret(g.Epoch()); ok {
		p.resumption[at] = secret
	}
	if p.wanted[at] && p.states[at] == nil {
		p.states[at] = reload(t, g)
	}
}

// link gives the epoch of another group to which the Welcome ties the new one.
func (c *passiveCase) link() (at passiveEpoch, usage ResumptionUsage, found bool) {
	s := suites[c.Suite]
	kp, err := parseMessage(c.KeyPackage)
	if err != nil || kp.keyPackage == nil {
		return
	}
	key, err := encryptionKey(s, c.InitPriv)
	if err != nil {
		return
	}
	m, err := parseMessage(c.Welcome)
	if err != nil || m.welcome == nil {
		return
	}
	secrets, err := m.welcome.open(s, kp.keyPackage.Ref(), key)
	if err != nil {
		return
	}
	for _, id := range secrets.psks {
		if id.Type == PSKResumption && id.Usage != ResumptionApplication {
			return passiveEpoch{string(id.GroupID), id.Epoch}, id.Usage, true
		}
	}
	return
}

// skip says why a case cannot be run, if so.
func (c *passiveCase) skip(groups *passiveGroups) string {
	if suites[c.Suite] == nil {
		return fmt.Sprintf("suite %d is not implemented", uint16(c.Suite))
	}
	at, usage, linked := c.link()
	switch {
	case !linked || groups.states[at] != nil:
		return ""
	case usage == ResumptionReInit:
		return "welcomed into the successor of a group whose resumption secret no case of the files gives"
	default:
		return "welcomed into a branch of a group whose resumption secret no case of the files gives"
	}
}

// run follows the case. A public group follows along, as a server would, as far
// as it can see.
func (c *passiveCase) run(t *testing.T, groups *passiveGroups) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	s := suites[c.Suite]
	kp, err := ParseKeyPackage(c.KeyPackage, time.Time{})
	if err != nil {
		return fmt.Errorf("key package: %w", err)
	}
	initKey, err := encryptionKey(s, c.InitPriv)
	if err != nil {
		return err
	}
	leafKey, err := encryptionKey(s, c.EncryptionPriv)
	if err != nil {
		return err
	}
	signer := signatureKey(t, s, c.SignaturePriv)
	public, _ := s.signature.public(signer)
	switch {
	case !bytes.Equal(initKey.PublicKey().Bytes(), kp.InitKey):
		return errors.New("init_priv is not the key of the key package")
	case !bytes.Equal(leafKey.PublicKey().Bytes(), kp.Leaf.EncryptionKey):
		return errors.New("encryption_priv is not the key of the leaf")
	case !bytes.Equal(public, kp.Leaf.SignatureKey):
		return errors.New("signature_priv is not the key of the leaf")
	}
	client := Client{
		Suite: c.Suite, Credential: kp.Leaf.Credential, SignatureKey: signer,
		ResumptionEpochs: len(c.Epochs) + 1,
		PSK: func(id PreSharedKeyID) []byte {
			for _, p := range c.ExternalPSKs {
				if id.Type == PSKExternal && bytes.Equal(id.ID, p.ID) {
					return p.PSK
				}
			}
			if id.Type == PSKResumption && id.Usage == ResumptionApplication {
				return groups.resumption[passiveEpoch{string(id.GroupID), id.Epoch}]
			}
			return nil
		},
	}
	private := &KeyPackagePrivate{keyPackage: kp, initKey: initKey, encryptionKey: leafKey}
	at, _, _ := c.link()
	g, err := JoinWelcome(client, c.Welcome, private, JoinOptions{RatchetTree: c.RatchetTree, From: groups.states[at]})
	if err != nil {
		return fmt.Errorf("welcome: %w", err)
	}
	if !bytes.Equal(g.EpochAuthenticator(), c.InitialAuthenticator) {
		return errors.New("initial epoch authenticator differs")
	}
	groups.passed(t, g)
	server := g.Public()
	for i, e := range c.Epochs {
		for _, p := range e.Proposals {
			if _, err := g.Process(p, time.Time{}); err != nil {
				return fmt.Errorf("epoch %d: proposal: %w", i, err)
			}
			if server != nil && isPublic(p) {
				if err := server.ProcessProposal(p, time.Time{}); err != nil {
					return fmt.Errorf("epoch %d: proposal in the public group: %w", i, err)
				}
			}
		}
		before := g.Epoch()
		processed, err := g.Process(e.Commit, time.Time{})
		if err != nil {
			return fmt.Errorf("epoch %d: commit: %w", i, err)
		}
		if g.Epoch() != before {
			return fmt.Errorf("epoch %d: staging changed the group", i)
		}
		if server != nil {
			staged, err := server.Process(e.Commit, time.Time{})
			switch {
			case errors.Is(err, ErrUnsupported), errors.Is(err, ErrUnknownProposal):
				server = nil // encrypted handshakes
			case err != nil:
				return fmt.Errorf("epoch %d: commit in the public group: %w", i, err)
			default:
				if err := server.Merge(staged); err != nil {
					return err
				}
			}
		}
		if err := g.Merge(processed.Commit); err != nil {
			return fmt.Errorf("epoch %d: merge: %w", i, err)
		}
		groups.passed(t, g)
		if !bytes.Equal(g.EpochAuthenticator(), e.Authenticator) {
			return fmt.Errorf("epoch %d: epoch authenticator differs", i)
		}
		if server != nil && !bytes.Equal(server.TreeHash(), g.TreeHash()) {
			return fmt.Errorf("epoch %d: the public group has another tree", i)
		}
	}
	return nil
}

func isPublic(message []byte) bool {
	info, err := InspectMessage(message)
	return err == nil && info.WireFormat == WirePublicMessage
}

// TestPassiveClient follows the histories of passive-client-*.json and, where
// ENSEMBLE_MLS_PASSIVE names a folder, of every *.json in it.
func TestPassiveClient(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectorFolder(t), "passive-client-*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	if dir := os.Getenv("ENSEMBLE_MLS_PASSIVE"); dir != "" {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(moduleRoot(t), dir)
		}
		more, err := filepath.Glob(filepath.Join(dir, "*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, more, "ENSEMBLE_MLS_PASSIVE names no *.json")
		files = append(files, more...)
	}
	cases := make([][]passiveCase, len(files))
	for i, file := range files {
		cases[i] = readVectors[passiveCase](t, file)
		files[i] = filepath.Base(file)
	}
	followPassively(t, files, cases)
}

// followPassively runs the cases of all files, and gives how many of each passed.
func followPassively(t *testing.T, files []string, cases [][]passiveCase) []int {
	groups := &passiveGroups{resumption: map[passiveEpoch][]byte{}, wanted: map[passiveEpoch]bool{}, states: map[passiveEpoch]*Group{}}
	for i := range files {
		for j := range cases[i] {
			if suites[cases[i][j].Suite] == nil {
				continue
			}
			if at, _, linked := cases[i][j].link(); linked {
				groups.wanted[at] = true
			}
		}
	}
	// A group may be tied to another one that a later case goes through: rounds
	// go on while they bring something.
	type place struct{ file, number int }
	done := map[place]bool{}
	passed := make([]int, len(files))
	for more := true; more; {
		more = false
		for i, file := range files {
			for j := range cases[i] {
				c := &cases[i][j]
				if done[place{i, j}] || c.skip(groups) != "" {
					continue
				}
				done[place{i, j}], more = true, true
				if err := c.run(t, groups); err != nil {
					t.Errorf("%s: case %d: %v", file, j, err)
					continue
				}
				passed[i]++
			}
		}
	}
	for i, file := range files {
		skipped := map[string]int{}
		for j := range cases[i] {
			if !done[place{i, j}] {
				skipped[cases[i][j].skip(groups)]++
			}
		}
		total := 0
		var reasons []string
		for _, reason := range slices.Sorted(maps.Keys(skipped)) {
			total += skipped[reason]
			reasons = append(reasons, fmt.Sprintf("%d: %s", skipped[reason], reason))
		}
		line := fmt.Sprintf("%s: %d cases, %d passed, %d skipped", file, len(cases[i]), passed[i], total)
		if total > 0 {
			line += " (" + strings.Join(reasons, "; ") + ")"
		}
		t.Log(line)
	}
	return passed
}
