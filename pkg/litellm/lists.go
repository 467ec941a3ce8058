package litellm

import (
	"slices"
	"sync"

	"litellm-reconciler/pkg/postgres"
)

// Lists remembers what access groups granted when they were read last. A pass
// reads them again in every transaction, and most often they are the same.
type Lists struct {
	mu    sync.Mutex
	known map[string]list
}

type list struct {
	raw     string // as Postgres sent it
	granted []string
}

// NewLists makes an empty one. It may be used by several transactions at once.
func NewLists() *Lists { return &Lists{known: map[string]list{}} }

// of returns what a group grants whose access_mcp_server_ids are raw, a text[]
// in binary format: sorted, each server once.
func (l *Lists) of(group string, raw []byte) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, found := l.known[group]; found && known.raw == string(raw) {
		return known.granted, nil
	}
	granted, err := postgres.Texts(raw)
	if err != nil {
		return nil, err
	}
	granted = slices.DeleteFunc(granted, func(s string) bool { return !Grantable(s) })
	slices.Sort(granted)
	granted = slices.Clip(slices.Compact(granted))
	l.known[group] = list{string(raw), granted}
	return granted, nil
}
