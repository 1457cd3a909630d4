{{- define "intermediary.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "intermediary.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "intermediary.labels" -}}
{{ include "intermediary.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The files of /etc/intermediary; keys of a ConfigMap have no slash, so the volume puts them into their folders. */}}
{{- define "intermediary.files" -}}
intermediary.toml: |
  {{- toToml .Values.settings | nindent 2 }}
{{- range $name, $text := .Values.pmodes }}
{{ printf "pmode.%s" $name | quote }}: {{ $text | quote }}
{{- end }}
{{- range $name, $text := .Values.certificates }}
{{ printf "certificate.%s" $name | quote }}: {{ $text | quote }}
{{- end }}
{{- end -}}

{{- define "intermediary.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "intermediary.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- define "intermediary.env" -}}
- {name: INTERMEDIARY_SETTINGS, value: /etc/intermediary/intermediary.toml}
- {name: TMPDIR, value: /spool}
{{- with .Values.database.passwordSecret }}
{{- if .name }}
- name: PGPASSWORD
  valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key }}}}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "intermediary.mounts" -}}
- {name: settings, mountPath: /etc/intermediary, readOnly: true}
- {name: secrets, mountPath: /run/secrets/intermediary, readOnly: true}
{{- range $number, $each := .Values.extraSecrets }}
- {name: extra-{{ $number }}, mountPath: {{ $each.path }}, readOnly: true}
{{- end }}
- {name: spool, mountPath: /spool}
- {name: tmp, mountPath: /tmp}
{{- end -}}

{{/* Takes a list: the chart's context, the name of the ConfigMap. */}}
{{- define "intermediary.volumes" -}}
{{- $root := index . 0 -}}
- name: settings
  configMap:
    name: {{ index . 1 }}
    items:
      - {key: intermediary.toml, path: intermediary.toml}
      {{- range $name, $text := $root.Values.pmodes }}
      - {key: {{ printf "pmode.%s" $name | quote }}, path: {{ printf "pmodes/%s" $name | quote }}}
      {{- end }}
      {{- range $name, $text := $root.Values.certificates }}
      - {key: {{ printf "certificate.%s" $name | quote }}, path: {{ printf "certificates/%s" $name | quote }}}
      {{- end }}
- name: secrets
  secret: {secretName: {{ $root.Values.existingSecret }}, defaultMode: 0440}
{{- range $number, $each := $root.Values.extraSecrets }}
- name: extra-{{ $number }}
  secret: {secretName: {{ $each.name }}, defaultMode: 0440}
{{- end }}
- name: spool
  emptyDir: {sizeLimit: {{ $root.Values.spool.sizeLimit }}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- end -}}
