// Package postgres runs a private PostgreSQL cluster from the machine's own
// binaries: for the demonstration, which must start with nothing set up, and
// for tests, which must meet the real database.
//
// The cluster listens on a unix socket only, inside a folder that nobody but
// its own account (and root) may enter; that is why the socket needs no
// password. PostgreSQL refuses to run as root: started by root, the cluster's
// processes run as the owner of the data folder, else as the system account
// postgres, which is made when the machine has none.
//
// # Life cycle
//
// [Start] makes the cluster if its folder is new, takes a lock beside the
// folder, ends a server that an earlier process left behind on the same data,
// starts the server and returns once it accepts queries. [Cluster.Stop] ends
// it in an orderly way, at once, or by killing it; [Cluster.Restart] starts it
// again on the same data and the same socket; [Cluster.Close] stops it and
// gives the folder back. The server also ends, in order, when the process that
// started it disappears (Linux).
//
// # What it never does
//
// It never opens a port, never touches a cluster that another process holds,
// never upgrades data from one major version to another, and never passes a
// statement or a row's values on to the log.
package postgres
