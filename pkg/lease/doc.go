// Package lease elects one leader among the copies of the daemon, and keeps a
// former leader from writing.
//
//	                   won: term + 1
//	     ┌───────────┐ ────────────────────────────▶ ┌─────────┐
//	  ┌─▶│ following │                               │ leading │◀─┐
//	  │  └───────────┘ ◀──────────────────────────── └─────────┘  │
//	  │    │   │          lost: the row says so, or     │    │    │
//	  └────┘   │          trust ran out                 │    └────┘
//	not free,  │ stopped                        stopped │   renewed, or
//	or no      ▼                                        ▼   tried again
//	answer   ended                   handed over: row expired, NOTIFY
//
// The lease is one row: holder, term, and when it expires by the clock of the
// database. The times that follow are of a lease of 15 s; others are in
// proportion. The leader renews every 5 s. If that fails it tries again, for at
// most 12 s after it sent the last renewal that went well: then it stops, before
// the others may start. They look at the row every 3 to 5 s, when it is to
// expire, and when they are woken. A leader that is stopped finishes its work
// first and then hands over at once. One that dies is followed when its lease
// expires, 10 to 15 s later.
//
// # Fencing
//
// A clock proves nothing about a process that was stopped just after it looked.
// What keeps a former leader from writing is the [Fence]: each transaction that
// writes begins by verifying its term, and holds a FOR KEY SHARE lock on the row
// to its end. A takeover locks the row FOR UPDATE: it waits for transactions of
// the term before, and those that come later are refused. So all that is
// committed under one term is committed before the next one begins, whatever the
// clocks do. Renewals write no key column and wait for nobody.
//
// A copy that freezes in such a transaction would keep the next one waiting.
// With [IdleTimeout] the server ends the transaction, and that of a copy that
// froze while it trusted its lease before the lease expires. In the middle of a
// batch of statements no such limit holds: who campaigns in vain for a lease that
// has expired ends the session that waits for its client there. A statement that
// still runs is waited for, as its effects are; and so is a frozen copy that had
// megabytes left to read, until the server gives its connection up.
//
// # What else can happen
//
// The clock of the database jumps: forward, and another copy takes over early,
// which the leader notices with its next transaction or renewal; backward, and a
// dead leader is followed later by as much. The clock of a copy jumps: only the
// monotonic one is used. It does not run while a whole machine is suspended; then
// the copy trusts its lease too long, and the fence refuses what it writes.
//
// The database forgets: after a failover to a server that lacks the last
// transactions, or a restore, the row may name an older term. Its leader finds
// that the row is not its own, and stops. Holders are unique, so that a term that
// is counted twice is not mistaken, and a copy never takes a term that is not
// higher than all it has seen. If the old server goes on taking writes, each of
// them has one leader at most; that is all that can be said.
//
// # Who needs no lease
//
// A single pass, a revert or an adoption beside a daemon runs without: every
// repair locks its teams and rows, reads them again and writes row and ledger in
// one transaction, so that two writers may get in each other's way but do no
// harm. The lease spares copies of the daemon that, and doing all work twice.
package lease
