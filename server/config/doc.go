// Package config is everything that can be said to a node from outside: one
// struct, filled from environment variables and flags, and nothing else read
// anywhere in the program.
//
// Each setting has a variable (ENSEMBLE_S3_BUCKET) and a flag of the same name
// (--s3-bucket), which wins. A secret has no flag, since other users of a
// machine see command lines; it may come from a file instead, named by the
// variable with _FILE at its end, and it is never printed: see [Secret].
//
// Whatever is missing or wrong is reported at once and all together, in words
// for the person who runs the node: see [Problems].
package config
