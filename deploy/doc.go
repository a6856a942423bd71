// Package deploy holds what runs Ensemble in production with compose: the
// proxy's configuration and the script that makes secrets. Its tests hold
// docker-compose.yml to what the program reads.
package deploy
