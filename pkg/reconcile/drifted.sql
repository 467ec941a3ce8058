-- The ids in the order in which keys, sorted by team, come as well.
SELECT id FROM unnest($1::text[]) AS id ORDER BY id COLLATE "C"
