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
	Epochs               []struct {
		Proposals     []hexBytes
		Commit        hexBytes
		Authenticator hexBytes `json:"epoch_authenticator"`
	}
}

// skip says why a case is not one for this package, if so.
func (c *passiveCase) skip() string {
	s := suites[c.Suite]
	if s == nil {
		return fmt.Sprintf("suite %d is not implemented", uint16(c.Suite))
	}
	kp, err := parseMessage(c.KeyPackage)
	if err != nil || kp.keyPackage == nil {
		return ""
	}
	key, err := encryptionKey(s, c.InitPriv)
	if err != nil {
		return ""
	}
	m, err := parseMessage(c.Welcome)
	if err != nil || m.welcome == nil {
		return ""
	}
	secrets, err := m.welcome.open(s, kp.keyPackage.Ref(), key)
	if err != nil {
		return ""
	}
	for _, id := range secrets.psks {
		if id.Type == PSKResumption && id.Usage != ResumptionApplication {
			return map[ResumptionUsage]string{
				ResumptionReInit: "is welcomed into a group made by ReInit",
				ResumptionBranch: "is welcomed into a subgroup branch",
			}[id.Usage]
		}
	}
	return ""
}

// run follows the case. A public group follows along, as a server would, as far
// as it can see.
func (c *passiveCase) run(t *testing.T) (err error) {
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
			return nil
		},
	}
	private := &KeyPackagePrivate{keyPackage: kp, initKey: initKey, encryptionKey: leafKey}
	g, err := JoinWelcome(client, c.Welcome, private, JoinOptions{RatchetTree: c.RatchetTree})
	if err != nil {
		return fmt.Errorf("welcome: %w", err)
	}
	if !bytes.Equal(g.EpochAuthenticator(), c.InitialAuthenticator) {
		return errors.New("initial epoch authenticator differs")
	}
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
				server = nil // encrypted handshakes, or ReInit
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
	for _, file := range files {
		cases := readVectors[passiveCase](t, file)
		passed := 0
		skipped := map[string]int{}
		for i := range cases {
			if reason := cases[i].skip(); reason != "" {
				skipped[reason]++
				continue
			}
			if err := cases[i].run(t); err != nil {
				t.Errorf("%s: case %d: %v", filepath.Base(file), i, err)
				continue
			}
			passed++
		}
		total := 0
		var reasons []string
		for _, reason := range slices.Sorted(maps.Keys(skipped)) {
			total += skipped[reason]
			reasons = append(reasons, fmt.Sprintf("%d: %s", skipped[reason], reason))
		}
		line := fmt.Sprintf("%s: %d cases, %d passed, %d skipped", filepath.Base(file), len(cases), passed, total)
		if total > 0 {
			line += " (" + strings.Join(reasons, "; ") + ")"
		}
		t.Log(line)
	}
}
