-- Postgres' own hash of each element, and of the whole array.
SELECT ARRAY(SELECT hashtextextended(s, 0) FROM unnest($1::text[]) WITH ORDINALITY AS u (s, n) ORDER BY n),
       hash_array_extended($1::text[], 0)
