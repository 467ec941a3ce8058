{{/* Which of the values name the database: database.url, database.writer, db, or nothing where extraEnv or extraEnvFrom does. */}}
{{- define "litellm-reconciler.databaseKind" -}}
{{- $kinds := list }}
{{- if .Values.database.url.secretName }}{{ $kinds = append $kinds "database.url" }}{{ end }}
{{- if .Values.database.writer.host }}{{ $kinds = append $kinds "database.writer" }}{{ end }}
{{- if or .Values.db.endpoint .Values.db.secret.endpointKey }}{{ $kinds = append $kinds "db" }}{{ end }}
{{- range .Values.extraEnv }}
{{- if has .name (list "LITELLM_RECONCILER_DATABASE_URL" "DATABASE_URL" "DATABASE_HOST") }}{{ $kinds = append $kinds "extraEnv" | uniq }}{{ end }}
{{- end }}
{{- if gt (len $kinds) 1 }}
{{- fail (printf "LiteLLM's database is named twice, by %s: give one of them" (join " and " $kinds)) }}
{{- else if not (or $kinds .Values.extraEnvFrom) }}
{{- fail "LiteLLM's database is not named. Set database.url.secretName to the Secret that holds its URL (and database.url.key, if that is not DATABASE_URL); or copy database.writer from the values of LiteLLM's chart litellm, or db.endpoint, db.database and db.secret from those of litellm-helm" }}
{{- end }}
{{- if .Values.database.writer.host }}
{{- if not .Values.database.writer.dbname }}{{ fail "database.writer.dbname is missing beside database.writer.host" }}{{ end }}
{{- if or .Values.database.writer.useIAMAuth .Values.database.writer.useAzureEntraAuth }}
{{- fail "database.writer.useIAMAuth and useAzureEntraAuth are not supported: give the program a role with a password, by database.writer.passwordSecret or database.url" }}
{{- end }}
{{- end }}
{{- join "" $kinds }}
{{- end }}

{{/* A variable from a Secret: (list "VARIABLE" "secret" "key"). */}}
{{- define "litellm-reconciler.fromSecret" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 | quote }}
      key: {{ index . 2 | quote }}
{{ end }}

{{/* The variables of the database: (dict "root" $), with "credentials" for another role than the daemon's. */}}
{{- define "litellm-reconciler.databaseEnv" -}}
{{- $database := .root.Values.database }}
{{- $db := .root.Values.db }}
{{- $kind := include "litellm-reconciler.databaseKind" .root }}
{{- if eq $kind "database.url" }}
{{- include "litellm-reconciler.fromSecret" (list "LITELLM_RECONCILER_DATABASE_URL" $database.url.secretName $database.url.key) }}
{{- else if eq $kind "database.writer" }}
{{- $secret := .credentials | default $database.writer.passwordSecret -}}
- name: DATABASE_HOST
  value: {{ $database.writer.host | quote }}
- name: DATABASE_PORT
  value: {{ $database.writer.port | int | quote }}
- name: DATABASE_NAME
  value: {{ $database.writer.dbname | quote }}
{{- with $database.writer.schema }}
- name: DATABASE_SCHEMA
  value: {{ . | quote }}
{{- end }}
{{ include "litellm-reconciler.fromSecret" (list "DATABASE_USERNAME" $secret.name $secret.usernameKey) }}
{{- include "litellm-reconciler.fromSecret" (list "DATABASE_PASSWORD" $secret.name $secret.passwordKey) }}
{{- else if eq $kind "db" }}
{{- $secret := .credentials | default $db.secret -}}
{{- with $db.secret.endpointKey }}
{{- include "litellm-reconciler.fromSecret" (list "DATABASE_HOST" $db.secret.name .) }}
{{- else -}}
- name: DATABASE_HOST
  value: {{ $db.endpoint | quote }}
{{ end -}}
- name: DATABASE_NAME
  value: {{ $db.database | quote }}
{{ include "litellm-reconciler.fromSecret" (list "DATABASE_USERNAME" $secret.name $secret.usernameKey) }}
{{- include "litellm-reconciler.fromSecret" (list "DATABASE_PASSWORD" $secret.name $secret.passwordKey) }}
{{- end }}
{{- if has $kind (list "database.writer" "db") }}
{{- /* What extraEnvFrom may bring along would count more, and lead another role's way. */}}
- name: DATABASE_URL
  value: ""
{{- end }}
{{- if .credentials }}
- name: DIRECT_URL
  value: ""
{{ else if $database.directUrl.secretName }}
{{- include "litellm-reconciler.fromSecret" (list "LITELLM_RECONCILER_DATABASE_DIRECT_URL" $database.directUrl.secretName $database.directUrl.key) }}
{{- end }}
{{- end }}

{{/* TLS to the database, by libpq's variables: what a URL says itself counts more. A root certificate without a mode would
     verify nothing. */}}
{{- define "litellm-reconciler.tlsEnv" -}}
{{- $database := .Values.database }}
{{- $certificate := include "litellm-reconciler.rootCertFile" . | default $database.writer.sslRootCert }}
{{- with $database.writer.sslMode | default $database.sslMode | default (ternary "verify-full" "" (not (empty $certificate))) }}
- name: PGSSLMODE
  value: {{ . }}
{{- end }}
{{- with $certificate }}
- name: PGSSLROOTCERT
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "litellm-reconciler.rootCertFile" -}}
{{- with .Values.database.rootCert }}
{{- if and .secretName .configMapName }}{{ fail "database.rootCert is in a Secret or in a ConfigMap: give one of secretName and configMapName" }}{{ end }}
{{- if or .secretName .configMapName }}/etc/litellm-reconciler/root-cert/{{ .key }}{{ end }}
{{- end }}
{{- end }}

{{- define "litellm-reconciler.rootCertVolume" -}}
{{- with .Values.database.rootCert }}
{{- if .secretName }}
- name: root-cert
  secret:
    secretName: {{ .secretName | quote }}
{{- else if .configMapName }}
- name: root-cert
  configMap:
    name: {{ .configMapName | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The port, as far as the values tell. That of the host counts, as in the program. */}}
{{- define "litellm-reconciler.databasePort" -}}
{{- $kind := include "litellm-reconciler.databaseKind" . }}
{{- $host := get (dict "database.writer" .Values.database.writer.host "db" .Values.db.endpoint) $kind }}
{{- $own := ternary (regexFind "[0-9]+$" $host) "" (regexMatch "^([^:]+|\\[.*\\]):[0-9]+$" $host) }}
{{- $own | default (ternary .Values.database.writer.port 5432 (eq $kind "database.writer")) | int }}
{{- end }}
