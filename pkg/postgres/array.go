package postgres

import (
	"encoding/binary"
	"errors"
)

var errArray = errors.New("decoding a text[]: unexpected bytes")

// EachText calls f for each element of a text[] in Postgres' binary format,
// NULL elements left out. The bytes are valid during the call only. A scan of
// a hundred thousand teams goes through here, so it allocates nothing.
func EachText(raw []byte, f func(element []byte)) error {
	if raw == nil { // NULL
		return nil
	}
	if len(raw) < 12 {
		return errArray
	}
	dims := int(int32(binary.BigEndian.Uint32(raw)))
	if dims == 0 {
		return nil
	}
	if dims < 0 || dims > 6 || len(raw) < 12+8*dims {
		return errArray
	}
	rest := raw[12+8*dims:]
	count, most := 1, len(rest)/4 // an element takes four bytes at least
	for d := range dims {
		n := int(int32(binary.BigEndian.Uint32(raw[12+8*d:])))
		if n < 0 || n > most || count*n > most {
			return errArray
		}
		count *= n
	}
	for range count {
		if len(rest) < 4 {
			return errArray
		}
		n := int(int32(binary.BigEndian.Uint32(rest)))
		rest = rest[4:]
		if n < 0 {
			continue
		}
		if len(rest) < n {
			return errArray
		}
		f(rest[:n])
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return errArray
	}
	return nil
}

// Texts copies the elements of such an array: nil for NULL, and without the
// NULL elements.
func Texts(raw []byte) ([]string, error) {
	if raw == nil {
		return nil, nil
	}
	list := []string{}
	err := EachText(raw, func(element []byte) { list = append(list, string(element)) })
	return list, err
}

// Bool reads a boolean in binary format; NULL is false.
func Bool(raw []byte) bool { return len(raw) == 1 && raw[0] == 1 }
