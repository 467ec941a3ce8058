//go:build !race

package main

// raceDetector is whether the tests were built with it.
const raceDetector = false
