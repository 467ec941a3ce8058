r.run_id, r.started_at, r.trigger, r.policy, r.version, r.host, r.reverted_run,
r.finished_at, r.result, r.repaired, r.failed
