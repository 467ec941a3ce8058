// Package release holds the tests of what takes the program to its users: the
// image, the archives, the workflows that publish them, and the scripts that they
// run. What needs a container engine, or GitHub, the workflows try themselves.
package release
