-- The ids of the organizations with one of the given names, as id or alias.
SELECT w.name, o.organization_id
FROM unnest($1::text[]) AS w (name)
LEFT JOIN {litellm}."LiteLLM_OrganizationTable" AS o
    ON o.organization_id = w.name OR o.organization_alias = w.name
