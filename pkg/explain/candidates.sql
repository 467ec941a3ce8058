-- Names of teams and keys that may have been meant by one of $3 to $4 letters:
-- of about its length, or one of them in the other ($5, in small letters; NULL
-- where it is too short to go by). Masked names of keys say too little.
SELECT true, t.team_id, coalesce(t.team_alias, ''), ''
FROM {litellm}."LiteLLM_TeamTable" AS t
WHERE $1
  AND (length(t.team_id) BETWEEN $3 AND $4 OR length(t.team_alias) BETWEEN $3 AND $4
       OR strpos(lower(t.team_id), $5) > 0 OR strpos(lower(t.team_alias), $5) > 0
       OR (length(t.team_alias) >= 3 AND strpos($5, lower(t.team_alias)) > 0))
UNION ALL
SELECT false, coalesce(k.key_name, ''), k.key_alias, coalesce(k.team_id, '')
FROM {litellm}."LiteLLM_VerificationToken" AS k
WHERE $2
  AND (length(k.key_alias) BETWEEN $3 AND $4 OR strpos(lower(k.key_alias), $5) > 0
       OR (length(k.key_alias) >= 3 AND strpos($5, lower(k.key_alias)) > 0))
