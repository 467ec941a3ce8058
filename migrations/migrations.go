// Package migrations holds the SQL of this program's own schema. {ledger} in
// it stands for the quoted name of that schema.
package migrations

import "embed"

// FS holds the files NNNN_name.up.sql and NNNN_name.down.sql.
//
//go:embed *.sql
var FS embed.FS
