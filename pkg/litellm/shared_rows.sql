-- All permission rows that have more than one owner.
SELECT o.object_permission_id
FROM ({owners}) AS o
WHERE o.object_permission_id IS NOT NULL
GROUP BY o.object_permission_id
HAVING count(*) > 1
