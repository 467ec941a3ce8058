-- Which of the rows in $1 have more than one owner. {owners} is a UNION ALL
-- over every table that can point at a permission row. None of them indexes
-- that column, so this scans each of them once.
SELECT o.object_permission_id
FROM ({owners}) AS o
WHERE o.object_permission_id = ANY ($1)
GROUP BY o.object_permission_id
HAVING count(*) > 1
