//go:build !linux

package storetest

import "syscall"

// attributes leaves the server to run as this user, who must not be root.
func attributes(string) (*syscall.SysProcAttr, error) { return nil, nil }
