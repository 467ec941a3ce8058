package cli

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// spoolSize is how much is kept, compressed: the lines about some ten thousand
// teams.
const spoolSize = 4 << 20

// spoolPatience is how long a reader may take for that much while a database
// transaction is open.
const spoolPatience = time.Minute

// spool keeps what a command shows until the database is done with: a reader
// who takes his time, as in a pager, must not keep a transaction open. What
// would be too much to keep is handed on in parts.
type spool struct {
	to     io.Writer
	most   int // that is kept, compressed
	kept   bytes.Buffer
	writer *flate.Writer
}

func newSpool(to io.Writer) *spool {
	s := &spool{to: to, most: spoolSize}
	s.writer, _ = flate.NewWriter(&s.kept, flate.BestSpeed) // only a level it does not know is an error
	return s
}

// print keeps a text. To do so cannot fail.
func (s *spool) print(text string) { _, _ = io.WriteString(s.writer, text) }

// Pause hands on what was kept once it is too much.
func (s *spool) Pause(ctx context.Context) error {
	if s.kept.Len() < s.most {
		return nil
	}
	slow := errors.New("the output is read too slowly for a database transaction to wait: write it to a file")
	ctx, cancel := context.WithTimeoutCause(ctx, spoolPatience, slow)
	defer cancel()
	return s.release(ctx)
}

// release hands on what was kept. It does not wait for a reader when the
// context has ended, beyond the moment that one needs.
func (s *spool) release(ctx context.Context) error {
	_ = s.writer.Close() // into memory
	written := make(chan error, 1)
	go func() {
		_, err := io.Copy(s.to, flate.NewReader(&s.kept))
		written <- err
	}()
	var err error
	select {
	case err = <-written:
	case <-ctx.Done():
		select {
		case err = <-written:
		case <-time.After(time.Second):
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("showing the result: %w", err)
	}
	s.kept.Reset()
	s.writer.Reset(&s.kept)
	return nil
}
