package postgres

import (
	"fmt"
	"os"
	"path/filepath"
)

// socketLimit is the longest path that fits an address of a unix socket on
// every system (104 bytes on macOS, 108 on Linux, with the final zero).
const socketLimit = 103

const socketName = ".s.PGSQL.5432"

// socketFolder chooses the folder of the socket: the data folder, which only
// the account may enter; or, if that path is too long, a temporary folder
// with the same rights, which the caller removes.
func socketFolder(data string, a account) (folder string, temporary bool, err error) {
	if fits(data) {
		return data, false, nil
	}
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		folder, err := os.MkdirTemp(parent, "ensemble-socket-")
		if err != nil {
			continue
		}
		if fits(folder) && a.reaches(folder) == nil {
			if a.other {
				err = os.Lchown(folder, int(a.uid), int(a.gid))
			}
			if err == nil {
				return folder, true, nil
			}
		}
		_ = os.Remove(folder) // just made, empty
	}
	return "", false, fmt.Errorf("no folder with a path short enough for a socket (at most %d bytes)", socketLimit-len("/"+socketName))
}

func fits(folder string) bool { return len(filepath.Join(folder, socketName)) <= socketLimit }
