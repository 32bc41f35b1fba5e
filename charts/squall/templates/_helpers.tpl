{{/* The first part of every name; short enough for the longest suffix that is added to it. */}}
{{- define "squall.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 44 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $full | trunc 44 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "squall.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "squall.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What never changes in the life of a release, so that it can select. */}}
{{- define "squall.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "squall.labels" -}}
{{ include "squall.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: squall
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The labels that the operator puts on agents. */}}
{{- define "squall.agentLabels" -}}
app.kubernetes.io/component: agent
app.kubernetes.io/managed-by: squall-operator
{{- end -}}

{{- define "squall.image" -}}
{{- with .Values.image -}}
{{- if .registry }}{{ .registry }}/{{ end -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The namespaces that the operator looks at, as JSON {"namespaces": […]}; none means all. */}}
{{- define "squall.namespaces" -}}
{{- $namespaces := .Values.watchNamespaces -}}
{{- if and (eq .Values.rbac.scope "Namespaced") (not $namespaces) -}}
{{- $namespaces = list .Release.Namespace -}}
{{- end -}}
{{- dict "namespaces" $namespaces | toJson -}}
{{- end -}}

{{/* What the operator may do where LoadTests are. */}}
{{- define "squall.rules" -}}
- apiGroups: [squall.dev]
  resources: [loadtests]
  verbs: [get, list, watch, patch, delete]  # delete: ttlSecondsAfterFinished
- apiGroups: [squall.dev]
  resources: [loadtests/status]
  verbs: [patch]
- apiGroups: [squall.dev]
  resources: [loadtests/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [""]
  resources: [services]
  verbs: [get, create, patch, delete]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, create, patch]
# Tokens and certificates of each test, and the state of its run. Never listed, never watched.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
