{{- define "podmedic.labels" -}}
app.kubernetes.io/name: podmedic
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
