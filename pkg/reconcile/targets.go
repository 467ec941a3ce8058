package reconcile

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"
	"sort"

	"github.com/google/uuid"
)

// Target is a team to be repaired.
type Target struct {
	Team string
	// Row is the permission row it had when it was scanned, "" for none.
	Row string
	// Ours is whether the ledger has an entry about that row.
	Ours bool
	// Stale is set where the row was right and only the ledger's entry was not.
	Stale bool
	// Loses is whether the limits were checked with this team as one that
	// loses entries.
	Loses bool
}

// Targets is a list of them. It is packed: a pass may find a million, and a
// garbage collector that has nothing to follow is fast. The zero value is empty.
type Targets struct {
	// blocks hold, for each, the flags and the two ids. A list that grew in one
	// piece would be there twice while it is moved.
	blocks [][]byte
	// starts say where: the block, and the place in it in the lower bits.
	starts []uint32
}

// A block is full at this many bytes. One id can be longer, alone in its block.
const (
	blockBits = 16
	blockSize = 1 << blockBits
)

const (
	ours = 1 << iota
	stale
	loses
)

// NewTargets packs a list.
func NewTargets(list ...Target) Targets {
	var t Targets
	for _, target := range list {
		t.Add(target)
	}
	return t
}

// Len is the number of targets.
func (t *Targets) Len() int { return len(t.starts) }

// Add appends one.
func (t *Targets) Add(target Target) {
	var flags byte
	if target.Ours {
		flags |= ours
	}
	if target.Stale {
		flags |= stale
	}
	if target.Loses {
		flags |= loses
	}
	var buffer [64]byte // two UUIDs take less
	entry := pack(pack(append(buffer[:0], flags), target.Team), target.Row)
	last := len(t.blocks) - 1
	if last < 0 || cap(t.blocks[last])-len(t.blocks[last]) < len(entry) {
		t.blocks = append(t.blocks, make([]byte, 0, max(blockSize, len(entry))))
		last++
	}
	t.starts = append(t.starts, uint32(last)<<blockBits|uint32(len(t.blocks[last])))
	t.blocks[last] = append(t.blocks[last], entry...)
}

// Clone returns a list that can be sorted and added to without this one.
func (t *Targets) Clone() Targets {
	c := Targets{blocks: slices.Clone(t.blocks), starts: slices.Clone(t.starts)}
	if last := len(c.blocks) - 1; last >= 0 {
		c.blocks[last] = slices.Clip(c.blocks[last])
	}
	return c
}

// from is the packed entry at that place, and what follows it.
func (t *Targets) from(i int) []byte {
	start := t.starts[i]
	return t.blocks[start>>blockBits][start%blockSize:]
}

// At unpacks one.
func (t *Targets) At(i int) Target {
	rest := t.from(i)
	flags := rest[0]
	team, rest := unpack(rest[1:])
	row, _ := unpack(rest)
	return Target{Team: team, Row: row, Ours: flags&ours != 0, Stale: flags&stale != 0, Loses: flags&loses != 0}
}

// All unpacks one after the other.
func (t *Targets) All() iter.Seq[Target] {
	return func(yield func(Target) bool) {
		for i := range t.starts {
			if !yield(t.At(i)) {
				return
			}
		}
	}
}

// Chunks unpacks that many at a time.
func (t *Targets) Chunks(size int) iter.Seq[[]Target] {
	return func(yield func([]Target) bool) {
		for first := 0; first < t.Len(); first += size {
			chunk := make([]Target, min(size, t.Len()-first))
			for i := range chunk {
				chunk[i] = t.At(first + i)
			}
			if !yield(chunk) {
				return
			}
		}
	}
}

// Sort puts them in the order of the teams' ids, as bytes.
func (t *Targets) Sort() { sort.Sort(byTeam{t}) }

// byTeam moves the starts alone.
type byTeam struct{ *Targets }

func (t byTeam) Swap(i, j int) { t.starts[i], t.starts[j] = t.starts[j], t.starts[i] }

func (t byTeam) Less(i, j int) bool {
	a, b := t.from(i)[1:], t.from(j)[1:]
	if a[0] == packedUUID && b[0] == packedUUID { // which sort as their text does
		return bytes.Compare(a[1:17], b[1:17]) < 0
	}
	one, _ := unpack(a)
	other, _ := unpack(b)
	return one < other
}

// An id begins with its length and one, or with this where it is a UUID, as
// LiteLLM's are: that takes 16 bytes.
const packedUUID = 0

func pack(to []byte, id string) []byte {
	if u, err := uuid.Parse(id); err == nil && u.String() == id {
		return append(append(to, packedUUID), u[:]...)
	}
	return append(binary.AppendUvarint(to, uint64(len(id))+1), id...)
}

func unpack(from []byte) (id string, rest []byte) {
	n, header := binary.Uvarint(from)
	from = from[header:]
	if n == packedUUID {
		return uuid.UUID(from[:16]).String(), from[16:]
	}
	return string(from[:n-1]), from[n-1:]
}
