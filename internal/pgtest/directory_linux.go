package pgtest

import "syscall"

// enoughMemory is room for a few databases of 100,000 teams. A container often has 64 MB only.
const enoughMemory = 2 << 30

// memory returns a directory that is kept in memory and has room, or nothing.
func memory() string {
	const path = "/dev/shm"
	const writeAndSearch = 0o3
	var stat syscall.Statfs_t
	if syscall.Statfs(path, &stat) != nil || syscall.Access(path, writeAndSearch) != nil ||
		stat.Bavail*uint64(stat.Bsize) < enoughMemory {
		return ""
	}
	return path
}
