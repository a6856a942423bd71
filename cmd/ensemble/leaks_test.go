package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/cmd/ensemble/demo"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

// recordingBus keeps every message that goes over a bus.
type recordingBus struct {
	bus.Bus
	mu   sync.Mutex
	said [][]byte
}

func (b *recordingBus) note(topic string, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, append([]byte(topic+" "), payload...))
}

func (b *recordingBus) Wake(topic string, number uint64) error {
	b.note(topic, nil)
	return b.Bus.Wake(topic, number)
}

func (b *recordingBus) Send(topic string, payload []byte) error {
	b.note(topic, payload)
	return b.Bus.Send(topic, payload)
}

func (b *recordingBus) messages() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([][]byte(nil), b.said...)
}

// traces is everything that a run leaves with those who may read nothing of it.
type traces struct {
	dsn     string
	objects servertest.ObjectStore // every bucket of it
	logs    *logBook
	bus     *recordingBus
}

// find is a mark in a place where it must not be.
type find struct{ place, mark, encoding string }

// seen says how much was searched.
type seen struct {
	rows, objects, lines, messages int
	largest                        int // object, in bytes
}

// search looks for marks in every row of every table, every object with its
// name and metadata, every log line and every message on the bus.
func (tr traces) search(ctx context.Context, marks []string) (finds []find, looked seen, err error) {
	s := newSearcher(marks)
	look := func(place string, b []byte) {
		for _, hit := range s.in(b) {
			finds = append(finds, find{place, hit.mark, hit.encoding})
		}
	}
	for line := range bytes.Lines([]byte(tr.logs.String())) {
		looked.lines++
		look("a log line", line)
		look("a log line", bytes.ReplaceAll(line, []byte(`\\`), []byte(`\`))) // the log quotes
	}
	for _, message := range tr.bus.messages() {
		looked.messages++
		look("a message on the bus", message)
	}
	if looked.rows, err = tr.searchTables(ctx, look); err != nil {
		return nil, looked, err
	}
	err = tr.searchObjects(ctx, func(name string, content []byte) {
		looked.objects++
		looked.largest = max(looked.largest, len(content))
		look("an object's name and metadata", []byte(name))
		look("an object", content)
	})
	return finds, looked, err
}

// searchTables reads every column of every table as bytes: what is not bytea in
// its text form.
func (tr traces) searchTables(ctx context.Context, look func(string, []byte)) (rows int, err error) {
	conn, err := pgx.Connect(ctx, tr.dsn)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	columns := map[string][]string{}
	var schema, table, column, kind string
	list, err := conn.Query(ctx, `SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
		WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, ordinal_position`)
	if err != nil {
		return 0, err
	}
	if _, err = pgx.ForEachRow(list, []any{&schema, &table, &column, &kind}, func() error {
		name := pgx.Identifier{column}.Sanitize()
		if kind != "bytea" {
			name = "convert_to(" + name + "::text, 'UTF8')"
		}
		of := pgx.Identifier{schema, table}.Sanitize()
		columns[of] = append(columns[of], name)
		return nil
	}); err != nil {
		return 0, err
	}
	for of, names := range columns {
		list, err := conn.Query(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+of) //nolint:gosec // names from the catalogue
		if err != nil {
			return rows, err
		}
		for list.Next() {
			rows++
			values, err := list.Values()
			if err != nil {
				list.Close()
				return rows, err
			}
			for i, v := range values {
				if b, ok := v.([]byte); ok {
					look(of+" "+names[i], b)
				}
			}
		}
		if err := list.Err(); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// searchObjects reads every object of every bucket, with its name and metadata.
func (tr traces) searchObjects(ctx context.Context, look func(name string, content []byte)) error {
	c, err := tr.client()
	if err != nil {
		return err
	}
	buckets, err := c.ListBuckets(ctx)
	if err != nil {
		return err
	}
	for _, bucket := range buckets {
		for o := range c.ListObjects(ctx, bucket.Name, minio.ListObjectsOptions{Recursive: true, WithMetadata: true}) {
			if o.Err != nil {
				return o.Err
			}
			body, err := c.GetObject(ctx, bucket.Name, o.Key, minio.GetObjectOptions{})
			if err != nil {
				return err
			}
			content, err := io.ReadAll(body)
			if err = errors.Join(err, body.Close()); err != nil {
				return err
			}
			look(fmt.Sprint(o.Key, o.ContentType, o.UserMetadata, o.UserTags), content)
		}
	}
	return nil
}

func (tr traces) client() (*minio.Client, error) {
	return minio.New(tr.objects.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(tr.objects.AccessKey, tr.objects.SecretKey, "")})
}

// plant puts texts into a table, as text and as bytes, into an object, a log
// line and a message on the bus, and gives what takes them out again.
func (tr traces) plant(ctx context.Context, texts [][]byte) (remove func() error, err error) {
	conn, err := pgx.Connect(ctx, tr.dsn)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE TABLE planted (words text, raw bytea)"); err != nil {
		return nil, err
	}
	c, err := tr.client()
	if err != nil {
		return nil, err
	}
	logger := slog.New(slog.NewTextHandler(tr.logs, nil))
	for i, text := range texts {
		var words *string
		if s := string(text); utf8.Valid(text) && !strings.ContainsRune(s, 0) {
			words = &s
			logger.Info("planted", "words", s)
		}
		if _, err := conn.Exec(ctx, "INSERT INTO planted VALUES ($1, $2)", words, text); err != nil {
			return nil, err
		}
		body := append(bytes.Repeat([]byte{0xa5}, 1000+i), text...)
		if _, err := c.PutObject(ctx, tr.objects.Bucket, fmt.Sprintf("planted-%d", i), bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{}); err != nil {
			return nil, err
		}
		if err := tr.bus.Send("planted", text); err != nil {
			return nil, err
		}
	}
	return func() error {
		conn, err := pgx.Connect(ctx, tr.dsn)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "DROP TABLE planted")
		return err
	}, nil
}

// requireFound plants a mark in every encoding and requires that the search
// finds each of them in each place: it is a search that can fail.
func (tr traces) requireFound(ctx context.Context, t *testing.T) {
	t.Helper()
	const mark = "Témoin planté exprès, 17 mai"
	var texts [][]byte
	encodings := map[string]bool{}
	for _, n := range needles(mark) {
		if slices.ContainsFunc(texts, func(b []byte) bool { return bytes.Equal(b, n.bytes) }) {
			continue // two encodings may write the same
		}
		texts = append(texts, n.bytes)
		encodings[n.encoding] = utf8.Valid(n.bytes) && !bytes.ContainsRune(n.bytes, 0)
	}
	remove, err := tr.plant(ctx, texts)
	require.NoError(t, err)
	finds, _, err := tr.search(ctx, []string{mark})
	require.NoError(t, err)
	require.NoError(t, remove())
	found := map[[2]string]bool{}
	for _, f := range finds {
		found[[2]string{f.place, f.encoding}] = true
	}
	for encoding, readable := range encodings {
		for _, place := range []string{`"public"."planted" "raw"`, "an object", "a message on the bus"} {
			require.True(t, found[[2]string{place, encoding}], "%s in %s", encoding, place)
		}
		if readable {
			for _, place := range []string{`"public"."planted" convert_to("words"::text, 'UTF8')`, "a log line"} {
				require.True(t, found[[2]string{place, encoding}], "%s in %s", encoding, place)
			}
		}
	}
}

func TestTheSearchForLeaksFindsWhatIsPlanted(t *testing.T) {
	node, closeBus, err := ownBus()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closeBus()) })
	tr := traces{dsn: servertest.Database(t), objects: servertest.MinIO(t), logs: &logBook{}, bus: &recordingBus{Bus: node}}
	finds, looked, err := tr.search(t.Context(), []string{"Témoin planté exprès, 17 mai"})
	require.NoError(t, err)
	require.Empty(t, finds)
	require.Positive(t, looked.rows, "the migrations' own table")
	tr.requireFound(t.Context(), t)
}

// known are the texts of the run that need no looking up.
func known() []string {
	marks := []string{
		"Odette", "Marchal", "Hélène", "Philippe", "Renaud", "Camille", "Lenoir", "Le Goff", "Traoré",
		"238059999900106", "2 38 05 99 999 001 06", "01 99 00 38 17", "0199003817", "1938-05-17",
		prescriptionName, "amlodipine", "neuf médicaments", decision, "téléalarme",
		"Je préfère en parler avec les miens", "Paul ne participe plus", "Maman n’en veut pas",
		"L’escalier est le vrai danger", "L’escalier reste dangereux", "Je reste chez moi", "Deux chutes",
		"Odette ne souhaite pas que son fils soit informé",
	}
	for _, p := range demo.Personas() {
		for _, text := range []string{p.Name, p.RPPS, p.Organisation} {
			if len(text) >= leastNeedle {
				marks = append(marks, text)
			}
		}
	}
	return marks
}

// requireNothingLeaked searches what the run left for all that its people read
// and wrote, and then for a mark that it plants.
func (j *job) requireNothingLeaked() {
	t := j.t
	tr := traces{dsn: j.dsn, objects: j.objects, logs: j.logs, bus: j.bus}
	texts := j.texts()
	require.Subset(t, texts, []string{
		"Comment rompre l’isolement ?", "Réunion de concertation du réseau", "Avec Odette et Hélène", decision,
		"Ce matin elle se tenait aux meubles. L’escalier m’inquiète.", "Paul ne participe plus.",
		"Exercices d’équilibre, deux séances par semaine",
	})
	marks := append(known(), texts...)
	finds, looked, err := tr.search(j.ctx, marks)
	require.NoError(t, err)
	t.Logf("searched %d rows, %d objects, %d log lines and %d messages of the bus for %d texts",
		looked.rows, looked.objects, looked.lines, looked.messages, len(marks))
	require.Greater(t, looked.rows, 100)
	require.Greater(t, looked.largest, len(prescription()), "the document's object")
	require.Greater(t, looked.lines, 10)
	require.Greater(t, looked.messages, 10)
	if len(finds) > 0 {
		distinct := map[find]int{}
		for _, f := range finds {
			distinct[f]++
		}
		var lines []string
		for f, n := range distinct {
			lines = append(lines, fmt.Sprintf("%q in %s, %s, %d times", f.mark, f.place, f.encoding, n))
		}
		sort.Strings(lines)
		require.Fail(t, "something readable has leaked", strings.Join(lines, "\n"))
	}
	tr.requireFound(j.ctx, t)
}

// texts are all words that the views of everybody show, and those of the
// sealed minutes.
func (j *job) texts() []string {
	words := map[string]bool{}
	views := map[string][]any{
		"case": {client.CaseParams{Case: j.c.Case}}, "consents": {client.CaseParams{Case: j.c.Case}},
		"documents": {client.CaseParams{Case: j.c.Case}}, "plan": {client.CaseParams{Case: j.c.Case}},
		"session": {client.SessionParams{Session: j.session}}, "home": {nil},
		"room": {client.RoomRef{Room: j.c.Team}, client.RoomRef{Room: j.c.Family}},
	}
	for _, item := range j.items {
		views["item"] = append(views["item"], client.RoomRef{Room: item})
	}
	for _, p := range j.cast {
		for name, params := range views {
			for _, param := range params {
				collect(snapshot(j.ctx, j.t, p, name, param), words)
			}
		}
	}
	var minutes any
	require.NoError(j.t, json.Unmarshal(j.export, &minutes))
	collect(minutes, words)
	list := make([]string, 0, len(words))
	for w := range words {
		list = append(list, w)
	}
	sort.Strings(list)
	return list
}

// snapshot is a view as it is now.
func snapshot(ctx context.Context, t *testing.T, p *demo.Player, name string, params any) any {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v, err := demo.Await(ctx, p, name, params, func(any) bool { return true })
	require.NoError(t, err)
	return v
}

// collect gathers the words that people wrote among the values of a view:
// texts of several words or with letters that no code has. Codes, ids and
// instants are none.
func collect(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, each := range v {
			collect(each, into)
		}
	case []any:
		for _, each := range v {
			collect(each, into)
		}
	case string:
		if len(v) >= 8 && utf8.ValidString(v) && strings.ContainsFunc(v, func(r rune) bool { return r == ' ' || r > 0x7f }) {
			into[v] = true
		}
	}
}
