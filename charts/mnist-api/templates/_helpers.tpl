{{- define "mnist-api.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* 42 characters: a label of 63 must hold "-memcached" and the 11 that a StatefulSet hangs on. */}}
{{- define "mnist-api.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- default $full .Values.fullnameOverride | trunc 42 | trimSuffix "-" }}
{{- end }}

{{- define "mnist-api.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mnist-api.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mnist-api.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: mnist-api
{{- end }}

{{/* The labels of one part: (dict "root" $ "component" "server"). */}}
{{- define "mnist-api.componentLabels" -}}
{{ include "mnist-api.selectorLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "mnist-api.serviceAccountName" -}}
{{- .Values.serviceAccount.create | ternary (default (include "mnist-api.fullname" .) .Values.serviceAccount.name) (default "default" .Values.serviceAccount.name) }}
{{- end }}

{{/* With retraining, the server's pods have an account of their own, and nobody else has it. */}}
{{- define "mnist-api.retrainingName" -}}
{{ include "mnist-api.fullname" . }}-retrain
{{- end }}

{{- define "mnist-api.serverAccountName" -}}
{{- .Values.retraining.enabled | ternary (include "mnist-api.retrainingName" .) (include "mnist-api.serviceAccountName" .) }}
{{- end }}

{{/* An image's full name: (dict "image" .Values.image "tag" .Chart.AppVersion). */}}
{{- define "mnist-api.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ default .tag .image.tag }}
{{- end }}
{{- end }}

{{- define "mnist-api.runsMemcached" -}}
{{- and .Values.memcached.enabled (not .Values.memcached.external) | ternary "true" "" }}
{{- end }}

{{/* What the service asks: every pod behind the headless Service, or the operator's own list. */}}
{{- define "mnist-api.memcachedAddresses" -}}
{{- if .Values.memcached.external -}}
{{ .Values.memcached.external }}
{{- else if .Values.memcached.enabled -}}
{{ include "mnist-api.fullname" . }}-memcached:11211
{{- end }}
{{- end }}
