package main

import (
	"fmt"
	"io"

	"litellm-reconciler/internal/bench/results"
)

// check shows all ratios there are, and fails where one is worse than twice its target, or where there are none.
func check(w io.Writer, r *results.Results) error {
	known, regressed := 0, 0
	for _, v := range r.Verdicts() {
		if !v.Known() || v.Unit != "" {
			continue
		}
		known++
		state := "ok"
		switch {
		case v.Regressed():
			state = "worse than twice its target"
			regressed++
		case !v.Met():
			state = "missed"
		}
		if _, err := fmt.Fprintf(w, "%-62s %6.2f, target %.2f: %s\n", v.What, v.Value, v.Limit, state); err != nil {
			return err
		}
	}
	switch {
	case known == 0:
		return fmt.Errorf("nothing that a target is about was measured")
	case regressed > 0:
		return fmt.Errorf("%d of %d ratios are worse than twice their target", regressed, known)
	}
	return nil
}
