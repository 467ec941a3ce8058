package telemetry

import "strings"

// singleLine is an error without the line breaks of its text, for one that
// comes from elsewhere.
type singleLine struct{ error }

func (s singleLine) Error() string { return strings.Join(strings.Fields(s.error.Error()), " ") }
func (s singleLine) Unwrap() error { return s.error }
