package reconcile

import (
	"encoding/binary"

	"litellm-reconciler/pkg/postgres"
)

// line is a row of scan.sql in Postgres' binary format; nil stands for NULL.
type line [][]byte

func (l line) team() []byte   { return l[0] }
func (l line) groups() []byte { return l[1] }
func (l line) hasRow() bool   { return l[2] != nil }
func (l line) known() bool    { return l[3] != nil }
func (l line) owning() bool   { return postgres.Bool(l[4]) }
func (l line) settled() bool  { return postgres.Bool(l[5]) }

// inSync holds for a row that is the sorted union itself, and for one that is
// as the ledger left it while the union is what it was then.
func (l line) inSync(union int64) bool {
	if !l.known() {
		return l.hasRow() && number(l[2]) == union
	}
	return l.settled() && number(l[3]) == union
}

func number(raw []byte) int64 { return int64(binary.BigEndian.Uint64(raw)) }
