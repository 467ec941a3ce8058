// Package release holds the tests of what takes the program to its users: the
// image, the archives, and the workflows that publish them. What needs a
// container engine, or GitHub, the workflows try themselves.
package release
