//go:build race

package program

// raceDetector is whether the tests were built with it.
const raceDetector = true
