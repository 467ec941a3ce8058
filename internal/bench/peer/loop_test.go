package peer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheLoopKeepsWhatAnAdministratorGranted(t *testing.T) {
	t.Parallel()
	type lists = []string
	for name, c := range map[string]struct{ before, owned, union, after, owns lists }{
		"no row":              {nil, nil, lists{"a", "b"}, lists{"a", "b"}, lists{"a", "b"}},
		"in sync":             {lists{"a"}, lists{"a"}, lists{"a"}, lists{"a"}, lists{"a"}},
		"granted to it twice": {lists{"a"}, nil, lists{"a"}, lists{"a"}, lists{}},
		"missing one":         {lists{"x", "b"}, lists{"b"}, lists{"a", "b"}, lists{"x", "b", "a"}, lists{"a", "b"}},
		"no longer granted":   {lists{"x", "a", "b"}, lists{"a", "b"}, lists{"b"}, lists{"x", "b"}, lists{"b"}},
	} {
		after, owns := merge(c.before, c.owned, c.union)
		if diff := cmp.Diff([]lists{c.after, c.owns}, []lists{after, owns}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
