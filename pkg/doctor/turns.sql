-- Hosts whose daemons wrote both before and after another one did.
WITH spans AS (
    SELECT host, min(started_at) AS first, max(started_at) AS last
    FROM {ledger}.runs
    WHERE trigger NOT IN ('once', 'revert', 'adopt') AND started_at > now() - interval '1 hour'
    GROUP BY host
)
SELECT a.host
FROM spans AS a
WHERE EXISTS (SELECT FROM spans AS b WHERE b.host <> a.host AND b.first < a.last AND a.first < b.last)
ORDER BY a.host
