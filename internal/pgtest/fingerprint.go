package pgtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Fingerprint returns a hash of every row of LiteLLM's tables with its place and the transaction that wrote it. Two equal
// fingerprints mean that nothing was written in between, not even the same values again.
func (d *Database) Fingerprint(tb testing.TB) string {
	tb.Helper()
	ctx, hash := tb.Context(), sha256.New()
	err := pgx.BeginTxFunc(ctx, d.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT relname FROM pg_class WHERE relnamespace = quote_ident($1)::regnamespace AND relkind = 'r'
			ORDER BY relname COLLATE "C"`, d.Schema)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, table := range tables {
			var content string
			err := tx.QueryRow(ctx, `SELECT coalesce(md5(string_agg(entry.ctid || ' ' || entry.xmin || ' ' || md5(entry::text), ',' ORDER BY entry.ctid)), '')
				FROM `+quote(d.Schema, table)+` AS entry`).Scan(&content)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(hash, "%q %s\n", table, content)
		}
		return nil
	})
	if err != nil {
		tb.Fatalf("taking a fingerprint: %v", err)
	}
	return hex.EncodeToString(hash.Sum(nil))
}
