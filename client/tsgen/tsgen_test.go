package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
)

var update = flag.Bool("update", false, "write the generated file")

func TestTypesInTheWebClientAreThoseOfTheCore(t *testing.T) {
	root := filepath.Join("..", "..")
	path := filepath.Join(root, "webclient", "src", "core", "types.gen.ts")
	got, err := Generate(root, client.Commands(), client.Views(), client.LiveEvents())
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: go run ./client/tsgen > webclient/src/core/types.gen.ts")
}

func TestGeneratedTypes(t *testing.T) {
	type Inner struct {
		Of *client.Alarm `json:"of"`
	}
	type Sample struct {
		ID     client.ID       `json:"id"`
		Bytes  []byte          `json:"bytes"`
		Key    client.URLBytes `json:"key,omitempty"`
		At     int64           `json:"at"`
		Inner  []Inner         `json:"inner"`
		Any    any             `json:"any"`
		Hidden string          `json:"-"`
		hidden string
	}
	_ = Sample{}.hidden
	got, err := Generate(filepath.Join("..", ".."), []client.Contract{{Name: "a.b", Args: Sample{}}}, nil, nil)
	require.NoError(t, err)
	require.Contains(t, string(got), `export interface Sample {
  id: ID
  bytes: string
  key?: string
  at: number
  inner: Inner[]
  any: unknown
}
`)
	require.Contains(t, string(got), "  of?: Alarm\n")
	require.Contains(t, string(got), "export type Code =\n  | 'not_consented'\n")
	require.Contains(t, string(got), "'a.b': { args: Sample; result: null }")
}

func TestGenerateRefusesWhatHasNoType(t *testing.T) {
	type Bad struct {
		C chan int `json:"c"`
	}
	_, err := Generate(filepath.Join("..", ".."), []client.Contract{{Name: "bad", Args: Bad{}}}, nil, nil)
	require.ErrorContains(t, err, "Bad.C")
}
