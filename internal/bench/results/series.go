package results

// each collects a figure of some runs, those left out that do not have it.
func each(runs []Run, of func(Run) float64) []float64 {
	var values []float64
	for _, r := range runs {
		if v := of(r); v != 0 {
			values = append(values, v)
		}
	}
	return values
}

func (m *Measurement) quiet(of func(Run) float64) []float64 {
	if m == nil {
		return nil
	}
	return each(m.Quiet, of)
}

func (m *Measurement) busy(of func(Run) float64) []float64 {
	if m == nil {
		return nil
	}
	return each(m.Busy, of)
}

// Walls are the times from start to end of the process.
func (m *Measurement) Walls() []float64 { return m.quiet(func(r Run) float64 { return r.Wall }) }

// CPUs are the processor times of the process.
func (m *Measurement) CPUs() []float64 { return m.quiet(func(r Run) float64 { return r.CPU }) }

// Peaks are the largest memory of the process, in bytes.
func (m *Measurement) Peaks() []float64 {
	return m.quiet(func(r Run) float64 { return float64(r.PeakBytes) })
}

// WALs are the bytes of write-ahead log.
func (m *Measurement) WALs() []float64 {
	return m.quiet(func(r Run) float64 { return float64(r.WALBytes) })
}

// EventP50s are the medians of the events of each run.
func (m *Measurement) EventP50s() []float64 {
	return m.quiet(func(r Run) float64 { return r.Events.p50() })
}

// EventP99s are the 99th percentiles of the events of each run.
func (m *Measurement) EventP99s() []float64 {
	return m.quiet(func(r Run) float64 { return r.Events.p99() })
}

// Locks are the longest times that rows stayed locked.
func (m *Measurement) Locks() []float64 { return m.busy(func(r Run) float64 { return r.LongestLock }) }

// phase picks what the concurrent client saw before, during or after the work.
type phase func(Run) *Latency

func before(r Run) *Latency { return r.Before }
func during(r Run) *Latency { return r.During }
func after(r Run) *Latency  { return r.After }

func (m *Measurement) spend(p phase) []float64 {
	return m.busy(func(r Run) float64 { return p(r).p99() })
}

// Spend is what the concurrent client saw: the medians over the runs of the p50 and p99, before, during and after.
func (m *Measurement) Spend() (p50, p99 [3]float64) {
	for i, p := range []phase{before, during, after} {
		p50[i] = Median(m.busy(func(r Run) float64 { return p(r).p50() }))
		p99[i] = Median(m.spend(p))
	}
	return p50, p99
}

func (l *Latency) p50() float64 {
	if l == nil {
		return 0
	}
	return l.P50
}

func (l *Latency) p99() float64 {
	if l == nil {
		return 0
	}
	return l.P99
}
