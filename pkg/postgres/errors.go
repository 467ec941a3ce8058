package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs that this program branches on.
const (
	codePlanOutdated       = "0A000"
	codeUnique             = "23505"
	codeReadOnly           = "25006"
	codeWrongPassword      = "28P01"
	codeNotAuthorized      = "28000"
	codeNoDatabase         = "3D000"
	codeNoSchema           = "3F000"
	codeNoStatement        = "26000"
	codeDuplicateStatement = "42P05"
	codeSerialization      = "40001"
	codeDeadlock           = "40P01"
	codeNoRight            = "42501"
	codeNoColumn           = "42703"
	codeNoTable            = "42P01"
	codeDuplicateSchema    = "42P06"
	codeNoFunction         = "42883"
	codeTooManyConns       = "53300"
	codeLockNotAvailable   = "55P03"
	codeCanceled           = "57014"
	codeStarting           = "57P03"
)

// Transient reports whether the same transaction may succeed when tried again:
// a serialization failure, a deadlock, a lock or statement timeout, a table that
// was altered since a statement on it was prepared.
func Transient(err error) bool {
	switch code(err) {
	case codeSerialization, codeDeadlock, codeLockNotAvailable, codeCanceled:
		return true
	}
	return lostStatement(err)
}

// lostStatement reports whether a named statement is not, or not any more, what
// it was prepared as.
func lostStatement(err error) bool {
	switch code(err) {
	case codePlanOutdated, codeNoStatement, codeDuplicateStatement:
		return true
	}
	return false
}

// TimedOut reports whether Postgres gave up waiting for a lock, or on a
// statement that took too long.
func TimedOut(err error) bool {
	c := code(err)
	return c == codeLockNotAvailable || c == codeCanceled
}

// Systemic reports whether an error would meet every other transaction as
// well, so that trying further teams is pointless: no connection, no right, no
// table, a read-only server.
func Systemic(err error) bool {
	var connectErr *pgconn.ConnectError
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &connectErr) {
		return true
	}
	c := code(err)
	switch c {
	case "":
		var netErr net.Error
		return errors.As(err, &netErr) || pgconn.Timeout(err) || pgconn.SafeToRetry(err) || isClosed(err)
	case codeReadOnly, codeNoSchema, codeNoRight, codeNoColumn, codeNoTable, codeNoFunction:
		return true
	}
	// Connection, authorization, insufficient resources, operator
	// intervention, system error.
	for _, class := range []string{"08", "28", "53", "57", "58", "XX"} {
		if strings.HasPrefix(c, class) {
			return c != codeCanceled
		}
	}
	return false
}

// MissingRight reports whether Postgres refused for want of a privilege.
func MissingRight(err error) bool { return code(err) == codeNoRight || errors.Is(err, ErrMissingRight) }

// MissingObject reports whether a table, column or schema is not there.
func MissingObject(err error) bool {
	switch code(err) {
	case codeNoTable, codeNoColumn, codeNoSchema:
		return true
	}
	return false
}

// AlreadyExists reports whether what was to be created is there, by a race of
// two creators as well: that one fails on the catalog's own index.
func AlreadyExists(err error) bool {
	switch code(err) {
	case codeDuplicateSchema, codeUnique:
		return true
	}
	return false
}

// Explain turns an error of the driver into one line that names the cause and,
// where there is one, the remedy. Errors that it knows nothing about come back
// as they were; it never adds a secret.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	var connectErr *pgconn.ConnectError
	if errors.As(err, &connectErr) {
		return &explained{connectReason(connectErr), err}
	}
	if code(err) == codeReadOnly {
		return &explained{"this Postgres server takes no writes (a replica, or default_transaction_read_only is on): " +
			"connect to the primary", err}
	}
	if code(err) == codeLockNotAvailable {
		return &explained{oneLine(err.Error()) + ": another session holds what is needed here: try again, or raise repair.lock_timeout", err}
	}
	if strings.ContainsAny(err.Error(), "\r\n") {
		return &explained{oneLine(err.Error()), err}
	}
	return err
}

func connectReason(e *pgconn.ConnectError) string {
	where := fmt.Sprintf("%s:%d", e.Config.Host, e.Config.Port)
	if strings.HasPrefix(e.Config.Host, "/") {
		where = "socket directory " + e.Config.Host
	}
	switch code(e) {
	case codeWrongPassword, codeNotAuthorized:
		return fmt.Sprintf("Postgres at %s refuses user %q: check user and password of the database URL (%s)",
			where, e.Config.User, message(e))
	case codeNoDatabase:
		return fmt.Sprintf("Postgres at %s has no database %q: check the name in the database URL", where, e.Config.Database)
	case codeTooManyConns:
		return fmt.Sprintf("Postgres at %s has no connection slot free: lower database.max_connections or raise the server's limit (%s)",
			where, message(e))
	case codeStarting:
		return fmt.Sprintf("Postgres at %s is starting up or shutting down", where)
	case "":
		return fmt.Sprintf("cannot reach Postgres at %s: check that it runs and that host, port and TLS mode of the database URL are right (%s)",
			where, oneLine(rootCause(e).Error()))
	}
	return fmt.Sprintf("cannot connect to Postgres at %s: %s", where, message(e))
}

// explained replaces the text of an error and keeps the error for errors.As.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

func code(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

func message(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return oneLine(pgErr.Message)
	}
	return oneLine(err.Error())
}

// rootCause follows the first branch of wrapped and joined errors: of several
// addresses of one host, the first refusal says enough.
func rootCause(err error) error {
	for {
		switch e := err.(type) { //nolint:errorlint // walking the tree by hand
		case interface{ Unwrap() error }:
			next := e.Unwrap()
			if next == nil {
				return err
			}
			err = next
		case interface{ Unwrap() []error }:
			list := e.Unwrap()
			if len(list) == 0 {
				return err
			}
			err = list[0]
		default:
			return err
		}
	}
}

func isClosed(err error) bool {
	return errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
