package cli

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress draws a bar on a terminal, once a repair takes longer than a second.
type progress struct {
	to      io.Writer // nil where there is no terminal
	started time.Time
	bar     *progressbar.ProgressBar
}

func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{to: w, started: time.Now()}
}

func (p *progress) show(done, total int) {
	if p.to == nil || p.bar == nil && time.Since(p.started) < time.Second {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.to),
			progressbar.OptionSetDescription("repairing teams"),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

// finish takes the bar away, so that the summary stands alone.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
