{{/* A container that runs the program: (dict "root" $ "name" "migrate" "args" list "database" env "listens" true). */}}
{{- define "litellm-reconciler.container" -}}
{{- $values := .root.Values -}}
- name: {{ .name }}
  image: {{ include "litellm-reconciler.image" .root }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  {{- with .args }}
  args:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  env:
    {{- include "litellm-reconciler.env" . | nindent 4 }}
  {{- with $values.extraEnvFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .listens }}
  ports:
    - name: http
      containerPort: {{ include "litellm-reconciler.port" .root }}
  # Neither asks the database: one that is away is no reason to start anew.
  startupProbe:
    {{- include "litellm-reconciler.probe" (dict "root" .root "path" "/livez") | nindent 4 }}
    periodSeconds: 1
    failureThreshold: 60
  livenessProbe:
    {{- include "litellm-reconciler.probe" (dict "root" .root "path" "/livez") | nindent 4 }}
    periodSeconds: 10
    timeoutSeconds: 5
  readinessProbe:
    {{- include "litellm-reconciler.probe" (dict "root" .root "path" "/readyz") | nindent 4 }}
    periodSeconds: 5
    timeoutSeconds: 5
  {{- end }}
  {{- with $values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml $values.securityContext | nindent 4 }}
  volumeMounts:
    - name: config
      mountPath: /etc/litellm-reconciler/config
      readOnly: true
    {{- if include "litellm-reconciler.rootCertFile" .root }}
    - name: root-cert
      mountPath: /etc/litellm-reconciler/root-cert
      readOnly: true
    {{- end }}
    {{- with $values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* The variables of a container. Kubernetes may refuse one that is there twice: those of extraEnv replace the chart's. */}}
{{- define "litellm-reconciler.env" -}}
{{- $given := list }}
{{- range .root.Values.extraEnv }}{{ $given = append $given .name }}{{ end }}
{{- $all := list }}
{{- range include "litellm-reconciler.ownEnv" . | fromYamlArray }}
{{- if not (has .name $given) }}{{ $all = append $all . }}{{ end }}
{{- end }}
{{- concat $all (.root.Values.extraEnv | default list) | toYaml }}
{{- end }}

{{/* The variables of the chart. That of the file is also for whoever runs a command in the pod. */}}
{{- define "litellm-reconciler.ownEnv" -}}
- name: LITELLM_RECONCILER_CONFIG
  value: /etc/litellm-reconciler/config/config.yaml
{{- if .root.Values.migrations.enabled }}
- name: LITELLM_RECONCILER_LEDGER_AUTO_MIGRATE
  value: "false"
{{- end }}
{{- if not (include "litellm-reconciler.setting" (dict "root" .root "name" "metrics.pushgateway_job")) }}
- name: LITELLM_RECONCILER_METRICS_PUSHGATEWAY_JOB
  value: {{ printf "%s/%s" .root.Release.Namespace (include "litellm-reconciler.fullname" .root) | quote }}
{{- end }}
{{ .database | default (include "litellm-reconciler.databaseEnv" (dict "root" .root)) | trim }}
{{ include "litellm-reconciler.tlsEnv" .root | trim }}
- name: GOMEMLIMIT
  valueFrom:
    resourceFieldRef:
      resource: limits.memory
      divisor: "1" # as Kubernetes would add one, and Argo CD see a difference
{{- end }}

{{- define "litellm-reconciler.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ .root.Values.probes.scheme }}
  {{- with .root.Values.probes.httpHeaders }}
  httpHeaders:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The template of a pod: (dict "root" $ "component" "daemon" "containers" yaml), and as needed "initContainers", both as
     text; "configMap" and "serviceAccountName", in place of the chart's; "restartPolicy". */}}
{{- define "litellm-reconciler.podTemplate" -}}
{{- $values := .root.Values -}}
metadata:
  labels:
    {{- include "litellm-reconciler.labels" (dict "root" .root "component" .component "extra" $values.podLabels) | nindent 4 }}
  annotations:
    checksum/config: {{ include "litellm-reconciler.config" .root | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  serviceAccountName: {{ .serviceAccountName | default (include "litellm-reconciler.serviceAccountName" .root) | quote }}
  automountServiceAccountToken: false
  # A Service named "database" would come as DATABASE_PORT=tcp://... otherwise.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "litellm-reconciler.grace" .root }}
  securityContext:
    {{- toYaml $values.podSecurityContext | nindent 4 }}
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if or $values.extraInitContainers .initContainers }}
  initContainers:
    {{- with $values.extraInitContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with .initContainers }}
    {{- . | nindent 4 }}
    {{- end }}
  {{- end }}
  containers:
    {{- .containers | nindent 4 }}
  volumes:
    - name: config
      configMap:
        name: {{ .configMap | default (include "litellm-reconciler.fullname" .root) | quote }}
    {{- with include "litellm-reconciler.rootCertVolume" .root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
{{- end }}

{{/* What a Job has beside its pod, from the values of its kind. A refusal by a limit (3) and a wrong configuration (64) stay
     what they are, however often it is tried. */}}
{{- define "litellm-reconciler.jobSpec" -}}
activeDeadlineSeconds: {{ .activeDeadlineSeconds | int }}
backoffLimit: {{ .backoffLimit | default 0 | int }}
podFailurePolicy:
  rules:
    - action: FailJob
      onExitCodes:
        operator: In
        values: [3, 64]
{{- end }}
