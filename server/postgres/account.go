package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// accountName is the system account that runs the server when root starts it.
const accountName = "postgres"

// An account is the user that the server's processes run as.
type account struct {
	uid, gid uint32
	other    bool // not the user of this process
}

// accountFor chooses the account for a data folder. Only root has a choice:
// the owner of data that exist, else the system account, made if need be.
func accountFor(data string) (account, error) {
	own := account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	if own.uid != 0 {
		return own, nil
	}
	info, err := os.Stat(data)
	if err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
			return account{uid: stat.Uid, gid: stat.Gid, other: true}, nil
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return account{}, fmt.Errorf("looking at the data folder: %w", err)
	}
	found, err := user.Lookup(accountName)
	if errors.As(err, new(user.UnknownUserError)) {
		out, failed := exec.Command("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", accountName).CombinedOutput()
		if failed != nil {
			return account{}, fmt.Errorf("PostgreSQL refuses to run as root and the account %q could not be made: %w: %s", accountName, failed, out)
		}
		found, err = user.Lookup(accountName)
	}
	if err != nil {
		return account{}, fmt.Errorf("looking up the account %q: %w", accountName, err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("reading the id of account %q: %w", accountName, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("reading the group of account %q: %w", accountName, err)
	}
	return account{uid: uint32(uid), gid: uint32(gid), other: true}, nil
}

// makeFolder makes a folder that only the account may enter.
func (a account) makeFolder(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	if !a.other {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// reaches tells whether the account may pass through every folder above path;
// the error names the first that it may not.
func (a account) reaches(path string) error {
	if !a.other {
		return nil
	}
	var above []string
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		above = append(above, dir)
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for i := len(above) - 1; i >= 0; i-- {
		info, err := os.Stat(above[i])
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			continue
		}
		mode := info.Mode().Perm()
		passes := mode&0o001 != 0 ||
			stat.Gid == a.gid && mode&0o010 != 0 ||
			stat.Uid == a.uid && mode&0o100 != 0
		if !passes {
			return fmt.Errorf("the account that runs PostgreSQL (uid %d) may not pass through %s", a.uid, above[i])
		}
	}
	return nil
}
