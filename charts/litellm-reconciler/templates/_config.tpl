{{/* The program's configuration file. JSON is YAML, and keeps 1000000 from becoming 1e+06. */}}
{{- define "litellm-reconciler.config" -}}
{{- include "litellm-reconciler.checkDurations" . }}
{{- include "litellm-reconciler.checkURLs" . }}
{{- range $section, $value := .Values.config }}
{{- if kindIs "map" $value }}
{{ $section }}:
{{- range $key, $item := $value }}
  {{ $key }}: {{ toJson $item }}
{{- else }} {}
{{- end }}
{{- else }}
{{ $section }}: {{ toJson $value }}
{{- end }}
{{- end }}
{{- end }}

{{/* One setting by its full name, empty if it is not given: (dict "root" $ "name" "web.config_file"). */}}
{{- define "litellm-reconciler.setting" -}}
{{- $value := .root.Values.config }}
{{- range splitList "." .name }}
{{- $value = index ($value | default dict) . }}
{{- end }}
{{- $value | default "" }}
{{- end }}

{{/* A duration of Go's in seconds. */}}
{{- define "litellm-reconciler.seconds" -}}
{{- $units := dict "h" 3600 "m" 60 "s" 1 "ms" 1e-3 "us" 1e-6 "µs" 1e-6 "μs" 1e-6 "ns" 1e-9 }}
{{- $total := 0.0 }}
{{- range regexFindAll "[0-9.]+[a-zµμ]+" . -1 }}
{{- $total = addf $total (mulf (regexFind "[0-9.]+" . | float64) (get $units (regexFind "[a-zµμ]+" .) | float64)) }}
{{- end }}
{{- $total }}
{{- end }}

{{/* The least that the program accepts, which a schema cannot say of a duration. */}}
{{- define "litellm-reconciler.checkDurations" -}}
{{- range $name, $least := dict
  "database.connect_timeout" "1s" "repair.lock_timeout" "1ms" "repair.statement_timeout" "1ms" "watch.poll_interval" "1s"
  "lease.duration" "5s" "schedule.interval" "1s" "shutdown_timeout" "1ns" }}
{{- $value := include "litellm-reconciler.setting" (dict "root" $ "name" $name) }}
{{- if and $value (lt (include "litellm-reconciler.seconds" $value | float64) (include "litellm-reconciler.seconds" $least | float64)) }}
{{- fail (printf "config.%s is %s, must be at least %s" $name $value $least) }}
{{- end }}
{{- end }}
{{- end }}

{{/* URLs that may hold a password are not repeated. */}}
{{- define "litellm-reconciler.checkURLs" -}}
{{- range $name := list "litellm.url" "metrics.pushgateway_url" }}
{{- $value := include "litellm-reconciler.setting" (dict "root" $ "name" $name) }}
{{- if and $value (not (regexMatch "^https?://[^/]" $value)) }}
{{- fail (printf "config.%s must be an http:// or https:// URL, or empty" $name) }}
{{- else if regexMatch "^[^/]*//[^/]*@" $value }}
{{- fail (printf "config.%s holds a password, and ends up in a ConfigMap: give it by extraEnv as LITELLM_RECONCILER_%s, from a Secret" $name ($name | replace "." "_" | upper)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The port of metrics and health, empty if they are off. */}}
{{- define "litellm-reconciler.port" -}}
{{- $port := regexFind "[0-9]+$" (dig "web" "listen_address" ":9464" (.Values.config | default dict)) }}
{{- if gt (int $port) 65535 }}
{{- fail (printf "config.web.listen_address has port %s, must be at most 65535" $port) }}
{{- end }}
{{- $port }}
{{- end }}

{{- define "litellm-reconciler.grace" -}}
{{- $timeout := include "litellm-reconciler.setting" (dict "root" . "name" "shutdown_timeout") | default "30s" }}
{{- $seconds := include "litellm-reconciler.seconds" $timeout | float64 | ceil | int }}
{{- $grace := int .Values.terminationGracePeriodSeconds }}
{{- if and $grace (le $grace $seconds) }}
{{- fail (printf "terminationGracePeriodSeconds is %d, must be more than config.shutdown_timeout, which is %s" $grace $timeout) }}
{{- end }}
{{- $grace | default (add $seconds 15) }}
{{- end }}
