package document_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/document"
)

// exchange opens f.age with the identity of key.txt, then encrypts what it found to
// an identity of its own.
const exchange = `
import * as age from "age-encryption";
import fs from "node:fs";
const dir = process.argv[2];
const opener = new age.Decrypter();
opener.addIdentity(fs.readFileSync(dir + "/key.txt", "utf8"));
const plaintext = await opener.decrypt(fs.readFileSync(dir + "/f.age"));
const identity = await age.generateHybridIdentity();
const sealer = new age.Encrypter();
sealer.addRecipient(await age.identityToRecipient(identity));
fs.writeFileSync(dir + "/key2.txt", identity);
fs.writeFileSync(dir + "/f2.age", await sealer.encrypt(plaintext));
`

func TestDocumentsPassToAndFromTheNPMPackage(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node on this machine")
	}
	webclient, err := filepath.Abs("../../webclient")
	require.NoError(t, err)
	if from := os.Getenv("ENSEMBLE_NODE_PROJECT"); from != "" {
		webclient = from
	}
	if _, err := os.Stat(filepath.Join(webclient, "node_modules", "age-encryption")); err != nil {
		t.Skip("the npm package age-encryption is not installed")
	}
	dir := t.TempDir()
	key := document.NewKey()
	plaintext := bytes.Repeat([]byte("compte-rendu "), 20_000)
	b, _ := encrypt(t, key, plaintext)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte(key), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f.age"), b, 0o600))
	cmd := exec.Command(node, "--input-type=module", "-", dir)
	cmd.Dir = webclient
	cmd.Stdin = bytes.NewReader([]byte(exchange))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))

	key2, err := os.ReadFile(filepath.Join(dir, "key2.txt"))
	require.NoError(t, err)
	f2, err := os.Open(filepath.Join(dir, "f2.age"))
	require.NoError(t, err)
	defer f2.Close()
	r, err := document.Decrypt(f2, string(key2))
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, plaintext, got)
}
