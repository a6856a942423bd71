package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/quotedprintable"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// leastNeedle is the shortest needle: shorter ones stand in random bytes by
// accident.
const leastNeedle = 6

// longestMark is how much of a text is looked for at a time, in bytes: its
// beginning, its middle and its end, so that a text that was cut is found too.
const longestMark = 24

// public are words that the program itself writes to everybody, in mail: they
// say nothing of anybody, even if a text of the run begins with them.
const public = "Réunion de concertation"

// needle is a mark as it may stand somewhere.
type needle struct {
	bytes    []byte
	mark     string
	encoding string
}

// needles gives a mark, of leastNeedle bytes or more, in the usual encodings.
func needles(mark string) []needle {
	var list []needle
	add := func(encoding string, b []byte) {
		if len(b) >= leastNeedle {
			list = append(list, needle{b, mark, encoding})
		}
	}
	text := []byte(mark)
	add("UTF-8", text)
	add("upper case", []byte(strings.ToUpper(mark)))
	add("lower case", []byte(strings.ToLower(mark)))
	add("decomposed", norm.NFD.Bytes(text))
	add("hex", []byte(hex.EncodeToString(text)))
	add("upper-case hex", []byte(strings.ToUpper(hex.EncodeToString(text))))
	for shift := range 3 {
		padded := append(make([]byte, shift), text...)
		from, to := (shift*8+5)/6, len(padded)*8/6 // characters that the mark alone decides
		add(fmt.Sprintf("base64 at %d", shift), []byte(base64.RawStdEncoding.EncodeToString(padded))[from:to])
		add(fmt.Sprintf("base64url at %d", shift), []byte(base64.RawURLEncoding.EncodeToString(padded))[from:to])
	}
	quoted, _ := json.Marshal(mark) // of a string never fails
	add("JSON", quoted[1:len(quoted)-1])
	ascii := strconv.QuoteToASCII(mark)
	add("escaped", []byte(ascii[1:len(ascii)-1]))
	add("URL query", []byte(url.QueryEscape(mark)))
	add("URL path", []byte(url.PathEscape(mark)))
	var printable strings.Builder
	w := quotedprintable.NewWriter(&printable)
	_, _ = w.Write(text) // into memory
	_ = w.Close()
	add("quoted-printable", []byte(printable.String()))
	var little, big []byte
	for _, unit := range utf16.Encode([]rune(mark)) {
		little = binary.LittleEndian.AppendUint16(little, unit)
		big = binary.BigEndian.AppendUint16(big, unit)
	}
	add("UTF-16 LE", little)
	add("UTF-16 BE", big)
	if n, err := strconv.ParseUint(mark, 10, 64); err == nil && len(mark) > 12 {
		add("integer", binary.BigEndian.AppendUint64(nil, n)[2:])
		add("integer LE", binary.LittleEndian.AppendUint64(nil, n)[:6])
	}
	return list
}

// searcher finds many needles in one pass.
type searcher struct {
	second [1 << 16]bool
	by     map[[leastNeedle]byte][]needle
}

func newSearcher(marks []string) *searcher {
	s := &searcher{by: map[[leastNeedle]byte][]needle{}}
	added := map[string]bool{}
	for _, mark := range marks {
		for _, piece := range pieces(mark) {
			if strings.Contains(public, strings.TrimSpace(piece)) {
				continue
			}
			for _, n := range needles(piece) {
				if !added[string(n.bytes)] {
					added[string(n.bytes)] = true
					n.mark = mark
					s.second[binary.BigEndian.Uint16(n.bytes)] = true
					head := [leastNeedle]byte(n.bytes)
					s.by[head] = append(s.by[head], n)
				}
			}
		}
	}
	return s
}

// pieces cuts a long text into what is looked for.
func pieces(mark string) []string {
	if len(mark) <= longestMark {
		return []string{mark}
	}
	cut := func(from int) string {
		from = runeStart(mark, from)
		return mark[from:runeStart(mark, from+longestMark)]
	}
	return []string{cut(0), cut((len(mark) - longestMark) / 2), cut(len(mark) - longestMark)}
}

func runeStart(s string, i int) int {
	for i > 0 && i < len(s) && s[i]&0xc0 == 0x80 {
		i--
	}
	return i
}

// in gives the needles that b holds, each once.
func (s *searcher) in(b []byte) []needle {
	var hits []needle
	had := map[string]bool{}
	for i := 0; i+leastNeedle <= len(b); i++ {
		if !s.second[uint16(b[i])<<8|uint16(b[i+1])] {
			continue
		}
		for _, n := range s.by[[leastNeedle]byte(b[i:])] {
			if len(b)-i >= len(n.bytes) && string(b[i:i+len(n.bytes)]) == string(n.bytes) && !had[string(n.bytes)] {
				had[string(n.bytes)] = true
				hits = append(hits, n)
			}
		}
	}
	return hits
}

func TestASearchFindsAMarkInEveryEncodingAndNothingElse(t *testing.T) {
	for _, mark := range []string{"Odette", "238059999900106", "Je veux rester chez moi, avec mon chat et mes voisins."} {
		s := newSearcher([]string{mark})
		for _, piece := range pieces(mark) {
			for _, n := range needles(piece) {
				for _, around := range []string{"", "x", "\x00\xff\x00"} {
					hits := s.in([]byte(around + string(n.bytes) + around))
					require.NotEmpty(t, hits, "%s of %q", n.encoding, piece)
					require.Equal(t, mark, hits[0].mark)
				}
				require.Empty(t, s.in(n.bytes[:leastNeedle-1]))
			}
		}
		for shift := range 3 { // a mark in the middle of something longer
			whole := strings.Repeat("é", shift) + "x" + mark + " et plus"
			require.NotEmpty(t, s.in([]byte(base64.StdEncoding.EncodeToString([]byte(whole)))))
			require.NotEmpty(t, s.in([]byte(base64.URLEncoding.EncodeToString([]byte("y"+whole)))))
		}
		require.Empty(t, s.in([]byte("Rien de tout cela n’est ici : ni nom, ni numéro.")))
	}
}
