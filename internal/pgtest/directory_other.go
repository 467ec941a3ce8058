//go:build unix && !linux

package pgtest

// memory returns nothing: only Linux has a directory in memory that is always there.
func memory() string { return "" }
