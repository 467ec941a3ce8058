package postgres_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/postgres"
)

// Elements that Postgres reads differently unless they are quoted, and any others; Postgres has no NUL in a text.
func elements() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"", " ", "NULL", "null", `"`, `\`, `\"`, `\\`, "{", "}", "{}", ",", "a,b", `{"a"}`, "[0:1]={a}", "'", "''", "$1", "\t\r\n",
			"\x01\x7f", "é", "e\u0301", "日本", "🦊", "\u202e", "\ufeff", strings.Repeat(`\"`, 2000),
		}),
		rapid.StringOf(rapid.RuneFrom([]rune(`"\{},ab N`))),
		rapid.Map(rapid.String(), func(s string) string { return strings.ReplaceAll(s, "\x00", "") }),
	)
}

func TestListsSurviveTheWayToPostgresAndBack(t *testing.T) {
	t.Parallel()
	for mode, pool := range map[string]*pgxpool.Pool{
		"as the program connects": open(t, pgtest.Empty(t).URL),
		"in pgx's default mode":   pgtest.Empty(t).Pool,
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				lists := rapid.SliceOfN(rapid.SliceOfN(elements(), 0, 5), 1, 5).Draw(rt, "lists")
				literals := make([]string, len(lists))
				for i, list := range lists {
					literals[i] = postgres.ArrayLiteral(list)
				}
				rows, err := pool.Query(t.Context(), `SELECT l::text[] FROM unnest($1::text[]) WITH ORDINALITY AS u (l, n) ORDER BY n`, literals)
				if err != nil {
					rt.Fatal(err)
				}
				defer rows.Close()
				got := [][]string{}
				for rows.Next() {
					list, err := postgres.Texts(rows.RawValues()[0])
					if err != nil {
						rt.Fatal(err)
					}
					got = append(got, list)
				}
				if err := rows.Err(); err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(lists, got); diff != "" {
					rt.Error(diff)
				}
			})
		})
	}
}

func TestTextsReadsEveryArrayThatPostgresWrites(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Empty(t).URL)
	for _, c := range []struct {
		name, sql string
		want      []string
	}{
		{"NULL is nil", `NULL::text[]`, nil},
		{"an empty array is not nil", `'{}'::text[]`, []string{}},
		{"NULL elements are left out", `ARRAY[NULL, 'a', NULL, 'b', NULL]::text[]`, []string{"a", "b"}},
		{"only NULL elements", `ARRAY[NULL, NULL]::text[]`, []string{}},
		{"an empty element is none of those", `ARRAY['', NULL]::text[]`, []string{""}},
		{"bounds that do not start at 1", `'[0:1]={a,b}'::text[]`, []string{"a", "b"}},
		{"negative bounds", `'[-3:-2]={a,b}'::text[]`, []string{"a", "b"}},
		{"two dimensions, one row after the other", `'{{a,b},{c,NULL}}'::text[]`, []string{"a", "b", "c"}},
		{"six dimensions", `'{{{{{{a,b}}}}}}'::text[]`, []string{"a", "b"}},
		{"varchar", `ARRAY['a', 'b']::varchar[]`, []string{"a", "b"}},
		{"many elements", `ARRAY(SELECT 'x' FROM generate_series(1, 5000))`, strings.Split(strings.Repeat("x", 5000), "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := postgres.Texts(queryRaw(t, pool, c.sql))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// queryRaw is one value as Postgres sends it.
func queryRaw(t *testing.T, pool *pgxpool.Pool, expression string) []byte {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT "+expression)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var raw []byte
	for rows.Next() {
		raw = bytes.Clone(rows.RawValues()[0])
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTextsRefusesWhatIsNoArray(t *testing.T) {
	t.Parallel()
	whole := array([]int32{2}, "ab", "c")
	for name, raw := range map[string][]byte{
		"nothing":                         {},
		"half a header":                   whole[:8],
		"a header without its dimensions": whole[:16],
		"a dimension too few":             array([]int32{1}, "ab", "c"),
		"a dimension too many":            array([]int32{3}, "ab", "c"),
		"an element cut short":            whole[:len(whole)-1],
		"a length cut short":              whole[:len(whole)-3],
		"a negative count":                array([]int32{-1}),
		"two negative counts":             array([]int32{-1, -1}, "ab"),
		"a huge count":                    array([]int32{math.MaxInt32}, "ab", "c"),
		"huge counts whose product is 0":  array([]int32{1 << 16, 1 << 16, 1 << 16, 1 << 16}),
		"a huge element":                  append(array([]int32{1}), 0x7f, 0xff, 0xff, 0xff),
		"seven dimensions":                array([]int32{1, 1, 1, 1, 1, 1, 1}, "a"),
		"a negative number of dimensions": append([]byte{0xff, 0xff, 0xff, 0xff}, whole[4:]...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if list, err := postgres.Texts(raw); err == nil {
				t.Errorf("read as %q", list)
			}
		})
	}
}

// array writes Postgres' binary format: dimensions, a flag for NULL, the element type; count and lower bound of each
// dimension; length and bytes of each element.
func array(dims []int32, elements ...string) []byte {
	const text = 25
	raw := binary.BigEndian.AppendUint32(nil, uint32(len(dims)))
	raw = binary.BigEndian.AppendUint32(raw, 0)
	raw = binary.BigEndian.AppendUint32(raw, text)
	for _, n := range dims {
		raw = binary.BigEndian.AppendUint32(raw, uint32(n))
		raw = binary.BigEndian.AppendUint32(raw, 1)
	}
	for _, e := range elements {
		raw = binary.BigEndian.AppendUint32(raw, uint32(len(e)))
		raw = append(raw, e...)
	}
	return raw
}

func FuzzEachText(f *testing.F) {
	for _, seed := range [][]byte{
		nil, {}, array(nil), array([]int32{2}, "ab", "c"), array([]int32{2, 2}, "a", "b", "c", ""),
		append(array([]int32{1}), 0xff, 0xff, 0xff, 0xff),
		array([]int32{math.MaxInt32, math.MaxInt32, math.MaxInt32}, "a"),
		array([]int32{-1}, "a"), array([]int32{1 << 16, 1 << 16, 1 << 16, 1 << 16}),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		calls, size := 0, 0
		err := postgres.EachText(raw, func(element []byte) {
			calls++
			size += len(element)
		})
		// Each element has a length of four bytes before it, so counts that lie cannot make it go on.
		if 4*calls+size > len(raw) {
			t.Errorf("%d elements of %d bytes in all out of %d bytes", calls, size, len(raw))
		}
		list, textsErr := postgres.Texts(raw)
		if (err == nil) != (textsErr == nil) || len(list) != calls {
			t.Errorf("EachText gives %d elements and error %v, Texts %d and %v", calls, err, len(list), textsErr)
		}
	})
}

func TestEachTextAllocatesNothing(t *testing.T) {
	raw := array([]int32{3}, "a", "bc", "def")
	size := 0
	allocations := testing.AllocsPerRun(100, func() {
		if err := postgres.EachText(raw, func(element []byte) { size += len(element) }); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 0 || size == 0 {
		t.Errorf("%v allocations, %d bytes seen", allocations, size)
	}
}

func TestBoolTakesNULLForFalse(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Empty(t).URL)
	for expression, want := range map[string]bool{"true": true, "false": false, "NULL::boolean": false} {
		if got := postgres.Bool(queryRaw(t, pool, expression)); got != want {
			t.Errorf("%s: got %t", expression, got)
		}
	}
}
