{{- define "litellm-reconciler.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 52 | trimAll "-." }}
{{- end }}

{{/* The name of everything. Kubernetes allows a CronJob 52 characters, to have some left for its Jobs, and wants a Service's
     to have no dots and to begin with a letter, which the name of a release need not. */}}
{{- define "litellm-reconciler.fullname" -}}
{{- $name := include "litellm-reconciler.name" . }}
{{- if .Values.fullnameOverride }}{{ $name = .Values.fullnameOverride }}
{{- else if not (contains $name .Release.Name) }}{{ $name = printf "%s-%s" .Release.Name $name }}
{{- else }}{{ $name = .Release.Name }}
{{- end }}
{{- regexReplaceAll "^([0-9])" ($name | replace "." "-") "r$1" | trunc 52 | trimAll "-" }}
{{- end }}

{{/* What selects the pods of a component, or of all where none is given: (dict "root" $ "component" "daemon"). */}}
{{- define "litellm-reconciler.selectorLabels" -}}
app.kubernetes.io/name: {{ include "litellm-reconciler.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* The labels of an object; those that select win over "extra". */}}
{{- define "litellm-reconciler.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" (.root.Chart.AppVersion | trunc 63)
  "app.kubernetes.io/managed-by" .root.Release.Service }}
{{- mergeOverwrite (dict) .root.Values.commonLabels (.extra | default dict) $own (include "litellm-reconciler.selectorLabels" . | fromYaml) | toYaml }}
{{- end }}

{{/* name, namespace and labels: (dict "root" $ "suffix" "-job" "component" "job" "extra" labels), all but root as needed. */}}
{{- define "litellm-reconciler.metadata" -}}
name: {{ print (include "litellm-reconciler.fullname" .root) (.suffix | default "") | quote }}
namespace: {{ .namespace | default .root.Release.Namespace | quote }}
labels:
  {{- include "litellm-reconciler.labels" . | nindent 2 }}
{{- end }}

{{- define "litellm-reconciler.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "litellm-reconciler.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "litellm-reconciler.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* Whether the daemon or the CronJob only looks, empty if not. */}}
{{- define "litellm-reconciler.dryRun" -}}
{{- range .Values.extraArgs }}{{ if regexMatch "^--dry-run(=[1tT].*)?$" . }}yes{{ end }}{{ end }}
{{- end }}

{{/* The annotations of a hook's Job: it and its log stay for a day, or until the next one. */}}
{{- define "litellm-reconciler.hook" -}}
helm.sh/hook: {{ . }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end }}

{{/* What refuses a Deployment's tools where there is none, or none that listens: (dict "root" $ "value" "podMonitor.enabled"). */}}
{{- define "litellm-reconciler.needsListener" -}}
{{- if ne .root.Values.mode "deployment" }}
{{- fail (printf "%s needs mode deployment: the pods of a CronJob have ended before they are scraped; config.metrics.pushgateway_url takes their metrics" .value) }}
{{- else if not (include "litellm-reconciler.port" .root) }}
{{- fail (printf "%s needs config.web.listen_address, which is empty" .value) }}
{{- end }}
{{- end }}
