package explain

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/suggest"
)

//go:embed named.sql
var namedSQL string

// parseServer checks what can be checked of a server's name without a database.
func parseServer(arg string) (string, error) {
	text := strings.TrimSpace(arg)
	switch text {
	case "":
		return "", errors.New("the name of the server is empty")
	case litellm.NoServers, litellm.AllProxyServers:
		return "", fmt.Errorf("%s is no server but a word that LiteLLM knows in lists of servers: leave it out", text)
	}
	return text, nil
}

// server returns the id of the one server that goes by the text. An id decides,
// so that each can be named. Of several with one name, a list that holds the
// name grants all; what comes of it can still differ, so one is to be chosen.
func (l *look) server(ctx context.Context, f facts, text string) (string, error) {
	ids := f.registry.Expand(text)
	if len(ids) > 1 {
		labels := make([]string, len(ids))
		for i, id := range slices.Sorted(slices.Values(ids)) {
			labels[i] = f.server(id, nil).candidate()
		}
		return "", fmt.Errorf("%d servers go by %s, say which: %s", len(ids), repeated(text), strings.Join(labels, ", "))
	}
	id := ids[0]
	if _, inTable := f.registry.Server(id); inTable || len(f.sources()[id]) > 0 {
		return id, nil
	}
	if _, remembered := f.memory.last[id]; remembered {
		return id, nil
	}
	var named bool
	if err := l.tx.QueryRow(ctx, l.Names.SQL(namedSQL), id).Scan(&named); err != nil {
		return "", fmt.Errorf("looking for lists that name the server: %w", err)
	}
	switch {
	case named:
		return id, nil
	case Secretive(text):
		return "", errSecret
	}
	return "", f.unknownServer(text)
}

// unknownServer offers the servers whose names come closest.
func (f facts) unknownServer(text string) error {
	ranking := suggest.NewRanking[string](text, candidates)
	f.registry.Servers(func(s litellm.Server) { ranking.Add(s.ID, s.ID, s.Name, s.Alias) })
	for id := range f.sources() {
		if _, inTable := f.registry.Server(id); !inTable {
			ranking.Add(id, id)
		}
	}
	var labels []string
	for _, id := range ranking.Best() {
		labels = append(labels, f.server(id, nil).candidate())
	}
	hint := ""
	if len(labels) > 0 {
		hint = ": did you mean " + strings.Join(labels, ", ") + "?"
	}
	return fmt.Errorf("no MCP server goes by %s, and no list names it%s", repeated(text), hint)
}

// Label is the server's id, and what else it goes by.
func (s Server) Label() string { return Printable(s.ID) + s.called() }

// candidate is a Label that can be copied into a shell.
func (s Server) candidate() string { return shellWord(s.ID) + s.called() }

func (s Server) called() string {
	name := s.Alias
	if name == "" {
		name = s.Name
	}
	if name == "" || name == s.ID {
		return ""
	}
	return " (" + Printable(name) + ")"
}
