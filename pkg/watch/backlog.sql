SELECT i.entries, p.teams, p.due, extract(epoch FROM now() - least(i.oldest, p.oldest))::double precision
FROM (SELECT count(*) AS entries, min(changed_at) AS oldest FROM {ledger}.inbox) AS i,
     (SELECT count(*) AS teams, count(*) FILTER (WHERE due_at <= now()) AS due, min(changed_at) AS oldest FROM {ledger}.pending) AS p
