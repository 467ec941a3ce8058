package cli

import "testing"

func TestColourIsForTerminalsThatHaveIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"a terminal":                 {map[string]string{"TERM": "xterm"}, true},
		"a dumb terminal":            {map[string]string{"TERM": "dumb"}, false},
		"no terminal that is known":  {nil, false},
		"a user who wants no colour": {map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
	} {
		if got := colourful(func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestErrorsRepeatNoKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`no team "sk-1234567890abcdef"`:                                         `no team "[redacted]"`,
		`"Bearer SK-1234567890_x-y"`:                                            `"Bearer [redacted]"`,
		`key "sk-...abcd" is ambiguous`:                                         `key "sk-...abcd" is ambiguous`,
		`task-force-of-everything`:                                              `task-force-of-everything`,
		"hash 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": "hash [redacted]",
	} {
		if got := withoutKeys(text); got != want {
			t.Errorf("%s: got %s", text, got)
		}
	}
}
