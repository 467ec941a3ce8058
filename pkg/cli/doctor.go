package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/doctor"
)

// checkPatience is the longest that one check of doctor may take. It is longer
// than the default of database.connect_timeout, which explains itself better.
const checkPatience = 15 * time.Second

func newDoctor(p Process, f *flags) *cobra.Command {
	var purpose, role string
	var cmd *cobra.Command
	cmd = newTask(p, f, cobra.Command{
		Use:   "doctor",
		Short: "Check database, rights, ledger, proxies and configuration, and write nothing",
		Long: `doctor checks all that litellm-reconciler meets, a line each: ok, warn or fail. It writes nothing.
It exits with 1 when a check fails.

With --print-grants it prints the SQL that gives a role the rights it needs, and no more. Run it with the
URL of any user of the database, and the SQL as whom its first lines name.`,
		Example: `  litellm-reconciler doctor
  litellm-reconciler doctor --for plan --print-grants auditor | psql "$ADMIN_URL"`,
		Args: cobra.NoArgs,
	}, func(ctx context.Context, a *app, s screen, _ []string) error {
		subject := doctor.Subject{Config: a.config, Pool: a.pool, Migrator: a.migrator, Patience: checkPatience}
		var err error
		if subject.Purpose, err = doctor.ParsePurpose(purpose); err != nil {
			return usage(err)
		}
		if cmd.Flags().Changed("print-grants") {
			return printGrants(ctx, s, subject, role)
		}
		// A daemon with this configuration would not start.
		if _, err := newSchedule(a.config.Schedule); err != nil {
			return usage(err)
		}
		return showReport(s, doctor.Examine(ctx, subject))
	})
	cmd.Flags().StringVar(&purpose, "for", string(doctor.Daemon), "what the role is for: daemon, plan (to look only) or revert")
	cmd.Flags().StringVar(&role, "print-grants", "", "print the SQL that gives this role its rights, and check nothing")
	return cmd
}

func printGrants(ctx context.Context, s screen, subject doctor.Subject, role string) error {
	if s.json {
		return usage(errors.New("--print-grants prints SQL: leave out --output json"))
	}
	if err := checkRole(role); err != nil {
		return usage(err)
	}
	text, err := doctor.Script(ctx, subject, role)
	if err != nil {
		return err
	}
	return s.printf("%s", text)
}

// checkRole refuses what is no role, or everybody.
func checkRole(name string) error {
	switch {
	case name == "" || len(name) > 63 || strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("--print-grants needs the name of a role, of 63 bytes at most")
	case name == "public" || name == "none":
		return fmt.Errorf("--print-grants %s: that is no role, name one of its own", name)
	}
	return nil
}

func showReport(s screen, r doctor.Report) error {
	if err := writeReport(s, r); err != nil {
		return err
	}
	if r.Status == doctor.Fail {
		return exit{code: exitError}
	}
	return nil
}

func writeReport(s screen, r doctor.Report) error {
	if s.json {
		return s.encode(r)
	}
	colours := map[doctor.Status]func(string) string{doctor.OK: s.green, doctor.Warn: s.yellow, doctor.Fail: s.red}
	for _, c := range r.Checks {
		text := c.Detail
		if c.Remedy != "" {
			text += ": " + c.Remedy
		}
		if err := s.printf("%s%s %-13s %s\n", colours[c.Status](string(c.Status)), strings.Repeat(" ", 5-len(c.Status)), c.Name, text); err != nil {
			return err
		}
	}
	if len(r.NotRun) == 0 {
		return nil
	}
	return s.printf("%s\n", s.faint("not checked for that reason: "+strings.Join(r.NotRun, ", ")))
}
