package pgproxy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Message is one message of a client to the server.
type Message struct {
	// Number counts the messages of all clients, from 1, since the last rule
	// was set.
	Number int
	// Type is the protocol's: 'Q' for a query, 'P', 'B', 'E' and 'S' for Parse,
	// Bind, Execute and Sync, and so on; Startup for the first one.
	Type byte
	// SQL is the text of a query, or of a statement to be parsed or bound.
	SQL string
}

// Startup is the type of a message that opens a connection, which has none on
// the wire.
const Startup byte = 0

// Executes reports whether the message has the server execute a statement.
func (m Message) Executes() bool { return m.Type == 'Q' || m.Type == 'E' }

// Answered reports whether the server answers the message at once. A Sync
// outside of a transaction commits what was executed before it.
func (m Message) Answered() bool { return m.Type == 'Q' || m.Type == 'S' }

// Commits reports whether the message ends a transaction that was begun in so
// many words.
func (m Message) Commits() bool {
	return m.Type == 'Q' && strings.EqualFold(strings.TrimRight(strings.TrimSpace(m.SQL), ";"), "commit")
}

// The codes that stand in place of a version in the first message.
const (
	cancelRequest = 80877102
	sslRequest    = 80877103
	gssRequest    = 80877104
)

// opening reads the first message of a connection, and the code in it.
func opening(r io.Reader) (raw []byte, code uint32, err error) {
	raw = make([]byte, 8)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, 0, err
	}
	n := binary.BigEndian.Uint32(raw)
	if n < 8 || n > 10_000 { // Postgres' own limit
		return nil, 0, fmt.Errorf("a first message of %d bytes", n)
	}
	rest := make([]byte, n-8)
	if _, err := io.ReadFull(r, rest); err != nil {
		return nil, 0, err
	}
	return append(raw, rest...), binary.BigEndian.Uint32(raw[4:8]), nil
}

// frame reads any later message, as it is on the wire.
func frame(r *bufio.Reader) ([]byte, error) {
	header, err := r.Peek(5)
	if err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(header[1:])
	if n < 4 || n > 1<<30 {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	raw := make([]byte, n+1)
	_, err = io.ReadFull(r, raw)
	return raw, err
}

// parse takes apart what frame has read from a client. The statements are those
// that the connection has parsed so far, by name.
func parse(raw []byte, statements map[string]string) Message {
	m := Message{Type: raw[0]}
	body := raw[5:]
	switch m.Type {
	case 'Q':
		m.SQL = text(body)
	case 'P': // the statement's name comes first
		name, after, _ := bytes.Cut(body, []byte{0})
		m.SQL = text(after)
		statements[string(name)] = m.SQL
	case 'B': // and here the portal's
		_, after, _ := bytes.Cut(body, []byte{0})
		m.SQL = statements[text(after)]
	}
	return m
}

func text(body []byte) string {
	before, _, _ := bytes.Cut(body, []byte{0})
	return string(before)
}
