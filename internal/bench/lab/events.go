package lab

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/bench/results"
)

// The groups that are edited one after the other, of three teams each.
const (
	eventGroups = 20
	makeGroups  = `INSERT INTO "LiteLLM_AccessGroupTable" (access_group_id, access_group_name, access_mcp_server_ids)
		SELECT 'event ' || n, 'event ' || n, '{first}' FROM generate_series(0, 19) AS n`
	makeTeams = `INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, models, admins, members, access_group_ids)
		SELECT 'event ' || n || ' ' || k, 'team 0', '{}', '{}', '{}', ARRAY['event ' || n]
		FROM generate_series(0, 19) AS n, generate_series(1, 3) AS k`
	edit    = `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = ARRAY[$2::text], updated_at = now() WHERE access_group_id = $1`
	arrived = `SELECT count(*) = 3 FROM "LiteLLM_TeamTable" AS t JOIN "LiteLLM_ObjectPermissionTable" AS p USING (object_permission_id)
		WHERE t.team_id = ANY (ARRAY[$1 || ' 1', $1 || ' 2', $1 || ' 3']) AND p.mcp_servers = ARRAY[$2::text]`
	notWaitedFor = 10 * time.Minute // the first event may wait for what the daemon reads at its start
)

// quietEvents measures how long edits take to arrive.
func (s *Site) quietEvents(ctx context.Context, who string) (results.Run, error) {
	return s.onEvents(ctx, who, func(_ string, e editor) (results.Run, error) {
		return s.edits(ctx, e)
	})
}

// busyEvents does so beside LiteLLM's clients. The daemon is there before and after, too, but has nothing to do.
func (s *Site) busyEvents(ctx context.Context, who string) (results.Run, error) {
	return s.onEvents(ctx, who, func(database string, e editor) (results.Run, error) {
		return s.beside(ctx, database, func() (results.Run, error) { return s.edits(ctx, e) })
	})
}

// editor edits a group and returns once that has arrived in the rows.
type editor struct {
	conn   *pgx.Conn
	react  func(ctx context.Context, group string) error // nil: the daemon does it unasked
	daemon int                                           // its process
	events int
}

func (s *Site) onEvents(ctx context.Context, who string, do func(database string, e editor) (results.Run, error)) (r results.Run, err error) {
	database, err := s.clone(ctx, s.inSync)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.drop(context.WithoutCancel(ctx), database)) }()
	if err := s.do(ctx, database, makeGroups, makeTeams); err != nil {
		return r, err
	}
	conn, err := pgx.Connect(ctx, s.server.URL(database))
	if err != nil {
		return r, fmt.Errorf("connecting as an administrator: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	e := editor{conn: conn, events: s.Events}
	if who != results.Ours {
		e.events = s.SlowEvents
		e.react = func(ctx context.Context, group string) error {
			_, err := s.run(ctx, s.Self, s.env(database), "peer", "-peer", who, "-work", results.Event, "-group", group)
			return err
		}
		return do(database, e)
	}
	daemon, err := s.startDaemon(ctx, database)
	if err != nil {
		return r, err
	}
	e.daemon = daemon.Process.Pid
	if err = s.awake(ctx, e); err == nil {
		r, err = do(database, e)
	}
	used, stopped := stop(daemon)
	r.PeakBytes = used.PeakBytes
	return r, errors.Join(err, stopped)
}

// edits makes one edit after the other, at times that have nothing to do with each other.
func (s *Site) edits(ctx context.Context, e editor) (r results.Run, err error) {
	before, err := s.written(ctx)
	if err != nil {
		return r, err
	}
	cpu := processor(e.daemon)
	var took []float64
	for i := range e.events {
		d, err := e.edit(ctx, i, time.Minute)
		if err != nil {
			return r, err
		}
		took = append(took, d.Seconds())
		if err := wait(ctx, rand.N(20*time.Millisecond)); err != nil {
			return r, err
		}
	}
	after, err := s.written(ctx)
	r.CPU = (processor(e.daemon) - cpu) / float64(max(e.events, 1))
	r.WALBytes = (after - before) / int64(max(e.events, 1)) // of one event
	r.Events = results.Summarize(took)
	return r, err
}

func (e editor) edit(ctx context.Context, i int, patience time.Duration) (time.Duration, error) {
	group, server := fmt.Sprint("event ", i%eventGroups), crand.Text() // never what it was
	if _, err := e.conn.Exec(ctx, edit, group, server); err != nil {
		return 0, fmt.Errorf("editing a group: %w", err)
	}
	began := time.Now()
	if e.react != nil {
		if err := e.react(ctx, group); err != nil {
			return 0, err
		}
	}
	for {
		var there bool
		if err := e.conn.QueryRow(ctx, arrived, group, server).Scan(&there); err != nil {
			return 0, fmt.Errorf("looking for an edit in the rows: %w", err)
		}
		took := time.Since(began)
		switch {
		case there:
			return took, nil
		case took > patience:
			return 0, fmt.Errorf("an edit has not arrived in the rows after %s", took)
		}
		if err := wait(ctx, 500*time.Microsecond); err != nil {
			return 0, err
		}
	}
}

// startDaemon starts the program as it runs in a cluster, with triggers and without passes that come in between.
func (s *Site) startDaemon(ctx context.Context, database string) (*exec.Cmd, error) {
	cmd := process(ctx, s.Binary, s.env(database), "--watch-triggers", "--schedule-interval=10h", "--web-listen-address=", "--log-level=error")
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the daemon: %w", err)
	}
	return cmd, nil
}

// awake waits until the daemon has made its first pass, reacts, and is idle.
func (s *Site) awake(ctx context.Context, e editor) error {
	// The first edit may have arrived by the pass: only one after it shows that events do.
	for i := range 5 {
		if _, err := e.edit(ctx, i, notWaitedFor); err != nil {
			return err
		}
	}
	return idle(ctx, 2*s.Window, func() float64 { return processor(e.daemon) })
}

// idle waits until a process that has begun with what it does once a minute is through with it: until it has used next to
// nothing for a while, in which it might have waited for the server.
func idle(ctx context.Context, while time.Duration, used func() float64) error {
	for before := -1.0; ; {
		now := used()
		if now-before < 0.05 && before >= 0 {
			return nil
		}
		before = now
		if err := wait(ctx, while); err != nil {
			return err
		}
	}
}

func stop(daemon *exec.Cmd) (results.Run, error) {
	_ = daemon.Process.Signal(syscall.SIGTERM)
	err := daemon.Wait()
	used, unknown := usage(daemon.ProcessState)
	if slices.Contains([]int{0, -1}, daemon.ProcessState.ExitCode()) {
		err = nil // ended by us
	}
	return used, errors.Join(err, unknown)
}
