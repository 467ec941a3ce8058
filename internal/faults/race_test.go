//go:build faults && race

package faults_test

const raceDetector = true
