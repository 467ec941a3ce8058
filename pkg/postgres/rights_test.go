package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

func TestMissingRights(t *testing.T) {
	t.Parallel()
	var (
		usage   = postgres.Right{Schema: "Odd schema", Privilege: "USAGE"}
		reading = postgres.Right{Schema: "Odd schema", Table: `Ta"ble`, Privilege: "SELECT"}
		column  = postgres.Right{Schema: "Odd schema", Table: `Ta"ble`, Column: "A column", Privilege: "SELECT"}
		other   = postgres.Right{Schema: "Odd schema", Table: `Ta"ble`, Column: "b", Privilege: "SELECT"}
		update  = postgres.Right{Schema: "Odd schema", Table: `Ta"ble`, Column: "b", Privilege: "UPDATE"}
		insert  = postgres.Right{Schema: "Odd schema", Table: `Ta"ble`, Privilege: "INSERT"}
		all     = []postgres.Right{insert, usage, reading, column, other, update}
	)
	for name, c := range map[string]struct {
		grants []string
		want   []postgres.Right
	}{
		"a role without any right lacks all, in the order given": {nil, all},
		"USAGE alone shows no table":                             {[]string{`USAGE ON SCHEMA "Odd schema"`}, []postgres.Right{insert, reading, column, other, update}},
		"a right on a table is one on each column":               {[]string{`SELECT ON "Odd schema"."Ta""ble"`}, []postgres.Right{insert, usage, update}},
		"a right on a column is none on the table":               {[]string{`SELECT ("A column") ON "Odd schema"."Ta""ble"`}, []postgres.Right{insert, usage, reading, other, update}},
		"rights of different kinds are told apart":               {[]string{`UPDATE ON "Odd schema"."Ta""ble"`, `USAGE ON SCHEMA "Odd schema"`}, []postgres.Right{insert, reading, column, other}},
		"all rights": {[]string{`USAGE ON SCHEMA "Odd schema"`, `ALL ON "Odd schema"."Ta""ble"`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := pgtest.Empty(t)
			d.Exec(t, `CREATE SCHEMA "Odd schema"`)
			d.Exec(t, `CREATE TABLE "Odd schema"."Ta""ble" ("A column" text, b text)`)
			var grants []string
			for _, g := range c.grants {
				grants = append(grants, "GRANT "+g+" TO {role}")
			}
			pool := open(t, d.Role(t, `Some "role"`, grants...))
			got, err := postgres.MissingRights(t.Context(), pool, all)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}

			role := pool.Config().ConnConfig.User
			d.Exec(t, postgres.GrantStatements(got, role)) // all at once, as they are printed
			if left, err := postgres.MissingRights(t.Context(), pool, all); err != nil || len(left) > 0 {
				t.Errorf("left after the statements were executed: %v, error %v", left, err)
			}
		})
	}
}

func TestMissingRightsPassesOverTablesAndSchemasThatDoNotExist(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	pool := open(t, d.Role(t, "nobody"))
	got, err := postgres.MissingRights(t.Context(), pool, []postgres.Right{
		{Schema: "nowhere", Privilege: "USAGE"},
		{Schema: "nowhere", Table: "nothing", Privilege: "SELECT"},
		{Schema: "public", Table: "nothing", Column: "none", Privilege: "SELECT"},
	})
	if err != nil || len(got) > 0 {
		t.Errorf("got %v and error %v", got, err)
	}
	if got, err := postgres.MissingRights(t.Context(), pool, nil); err != nil || len(got) > 0 {
		t.Errorf("of no rights: got %v and error %v", got, err)
	}
}

func TestRightsOfAnotherRoleCountWhenTheyAreInherited(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	d.Exec(t, `CREATE TABLE public.t (a text)`)
	d.Role(t, "owner", `GRANT SELECT ON public.t TO {role}`)
	owner := pgtest.Scalar[string](t, d, `SELECT quote_ident(grantee) FROM information_schema.role_table_grants
		WHERE table_name = 't' AND grantee LIKE '%owner'`)
	pool := open(t, d.Role(t, "member", `GRANT `+owner+` TO {role}`))
	wanted := []postgres.Right{{Schema: "public", Table: "t", Privilege: "SELECT"}, {Schema: "public", Table: "t", Privilege: "DELETE"}}
	got, err := postgres.MissingRights(t.Context(), pool, wanted)
	if err != nil || !slices.Equal(got, wanted[1:]) {
		t.Errorf("got %v and error %v", got, err)
	}
}

// A pooler may map the connection's user to another role, as this setting does.
func TestGrantsAreForTheRoleThatStatementsRunAs(t *testing.T) {
	t.Parallel()
	d := pgtest.Empty(t)
	d.Exec(t, `CREATE TABLE public.t ()`)
	actual := open(t, d.Role(t, "actual")).Config().ConnConfig.User
	pool := open(t, d.Role(t, "login", `GRANT `+postgres.Quote(actual)+` TO {role}`, `ALTER ROLE {role} SET role = `+postgres.Quote(actual)))
	_, err := pool.Exec(t.Context(), `SELECT FROM public.t`)

	err = postgres.WithGrants(t.Context(), pool, err, "tables", []postgres.Right{{Schema: "public", Table: "t", Privilege: "SELECT"}})

	want := `: a right is missing, run as the owner of the tables: GRANT SELECT ON "public"."t" TO ` + postgres.Quote(actual)
	if !postgres.MissingRight(err) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
