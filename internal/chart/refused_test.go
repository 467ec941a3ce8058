package chart_test

import (
	"strings"
	"testing"
)

func TestWrongValuesAreRefusedInWordsThatNameThem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		yaml  string
		texts []string
	}{
		"an unknown value":            {"replicaCount: 2", []string{"replicaCount"}},
		"a misspelt setting":          {"config: {guard: {max_revoked_fracton: 1}}", []string{"/config/guard", "max_revoked_fracton"}},
		"a setting out of place":      {"config: {batch_size: 1}", []string{"/config", "batch_size"}},
		"a section without settings":  {"config: {web: null}", []string{"/config/web"}},
		"another mode":                {"mode: daemonset", []string{"/mode", "deployment", "cronjob"}},
		"another policy":              {"config: {policy: total}", []string{"/config/policy", "managed", "additive", "exact"}},
		"a number as text":            {"config: {repair: {batch_size: \"100\"}}", []string{"/config/repair/batch_size", "integer"}},
		"a fraction of a team":        {"config: {repair: {batch_size: 1.5}}", []string{"/config/repair/batch_size", "integer"}},
		"too many":                    {"config: {repair: {concurrency: 17}}", []string{"/config/repair/concurrency", "16"}},
		"a whole as jitter":           {"config: {schedule: {jitter: 1}}", []string{"/config/schedule/jitter"}},
		"a duration without a unit":   {"config: {schedule: {interval: 30}}", []string{"/config/schedule/interval", "string"}},
		"a duration that is none":     {"config: {schedule: {interval: soon}}", []string{"/config/schedule/interval", "soon"}},
		"a negative duration":         {"config: {web: {ready_max_age: -1s}}", []string{"/config/web/ready_max_age", "-1s"}},
		"a list that is a text":       {"config: {teams: {include: a}}", []string{"/config/teams/include", "array"}},
		"a port by name":              {"config: {web: {listen_address: \":http\"}}", []string{"/config/web/listen_address"}},
		"a port that is none":         {"config: {web: {listen_address: \":65536\"}}", []string{"config.web.listen_address has port 65536, must be at most 65535"}},
		"a short interval":            {"config: {schedule: {interval: 999ms}}", []string{"config.schedule.interval is 999ms, must be at least 1s"}},
		"a short lease":               {"config: {lease: {duration: 4.9s}}", []string{"config.lease.duration is 4.9s, must be at least 5s"}},
		"no time to connect":          {"config: {database: {connect_timeout: 0.9s}}", []string{"config.database.connect_timeout is 0.9s, must be at least 1s"}},
		"no wait for a lock":          {"config: {repair: {lock_timeout: 999us}}", []string{"config.repair.lock_timeout is 999us, must be at least 1ms"}},
		"no time for a statement":     {"config: {repair: {statement_timeout: 0s}}", []string{"config.repair.statement_timeout is 0s, must be at least 1ms"}},
		"polling all the time":        {"config: {watch: {poll_interval: 0h0m0.1s}}", []string{"config.watch.poll_interval is 0h0m0.1s, must be at least 1s"}},
		"no time to stop":             {"config: {shutdown_timeout: 0s}", []string{"config.shutdown_timeout is 0s"}},
		"a URL of no web":             {"config: {litellm: {url: \"litellm:4000\"}}", []string{"config.litellm.url must be an http:// or https:// URL"}},
		"a database in the config":    {"config: {database: {url: \"postgresql://u:hunter2@h/d\"}}", []string{"/config/database/url", "in a Secret, which database.url.secretName names"}},
		"a direct URL in the config":  {"config: {database: {direct_url: \"postgresql://u:hunter2@h/d\"}}", []string{"/config/database/direct_url", "in a Secret, which database.directUrl.secretName names"}},
		"a password of a Pushgateway": {"config: {metrics: {pushgateway_url: \"https://u:hunter2@h/\"}}", []string{"config.metrics.pushgateway_url holds a password", "LITELLM_RECONCILER_METRICS_PUSHGATEWAY_URL", "Secret"}},
		"a password of LiteLLM":       {"config: {litellm: {url: \"https://u:hunter2@h/\"}}", []string{"config.litellm.url holds a password"}},
		"a grace that is too short":   {"terminationGracePeriodSeconds: 30", []string{"terminationGracePeriodSeconds is 30", "config.shutdown_timeout, which is 30s"}},
		"two databases":               {"db: {endpoint: h}", []string{"database.url and db", "give one of them"}},
		"a database of one's own":     {"extraEnv: [{name: DATABASE_URL, value: x}]", []string{"database.url and extraEnv", "give one of them"}},
		"a chart that is off":         {"enabled: false", []string{"/enabled"}},
		"a name that is none":         {"fullnameOverride: My_Name", []string{"/fullnameOverride"}},
		"a digest that is none":       {"image: {digest: latest}", []string{"/image/digest"}},
		"two monitors":                {"serviceMonitor: {enabled: true}\npodMonitor: {enabled: true}", []string{"serviceMonitor.enabled", "podMonitor.enabled", "choose one"}},
		"a monitor of a CronJob":      {"mode: cronjob\nserviceMonitor: {enabled: true}", []string{"serviceMonitor.enabled needs mode deployment", "config.metrics.pushgateway_url"}},
		"a monitor of nothing":        {"config: {web: {listen_address: \"\"}}\npodMonitor: {enabled: true}", []string{"podMonitor.enabled needs config.web.listen_address"}},
		"an empty argument":           {"extraArgs: [\"\"]", []string{"/extraArgs/0"}},
		"a Job without an argument":   {"job: {args: []}", []string{"/job/args"}},
		"a runbook in no web":         {"prometheusRule: {runbookURL: docs/runbook.md}", []string{"/prometheusRule/runbookURL"}},
		"an alert that is none":       {"prometheusRule: {enabled: true, disabled: [Typo]}", []string{"prometheusRule.disabled: there is no alert Typo"}},
		"two roles for migrations":    {"migrations: {enabled: true, url: {secretName: a}, passwordSecret: {name: b}}", []string{"migrations.url and migrations.passwordSecret"}},
		"a role without a host":       {"migrations: {enabled: true, passwordSecret: {name: b}}", []string{"migrations.passwordSecret", "migrations.url"}},
		"two root certificates":       {"database: {rootCert: {secretName: a, configMapName: b}}", []string{"database.rootCert", "give one of secretName and configMapName"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := template(t, values(t, test.yaml)...)
			wantRefusal(t, err, test.texts...)
		})
	}
}

// Helm names them all at once.
func TestWhatKubernetesWouldRefuseTheSchemaDoes(t *testing.T) {
	t.Parallel()
	_, err := template(t, bare(t, `
database:
  url: {key: ""}
  writer: {port: 0, sslMode: on, passwordSecret: {usernameKey: "", passwordKey: ""}}
  rootCert: {key: ""}
db: {database: "", secret: {name: "", usernameKey: "", passwordKey: ""}}
image: {repository: "", pullPolicy: Sometimes}
imagePullSecrets: [registry]
replicas: -1
cronjob: {schedule: "", startingDeadlineSeconds: 9, activeDeadlineSeconds: 0, successfulJobsHistoryLimit: -1, failedJobsHistoryLimit: -1}
job: {activeDeadlineSeconds: 0, backoffLimit: -1}
migrations: {activeDeadlineSeconds: 0, backoffLimit: -1}
probes: {scheme: TLS}
terminationGracePeriodSeconds: -1
extraEnv: [{value: nameless}, {name: A, value: 1}]
podLabels: {a: 1}
podAnnotations: {a: true}
nodeSelector: {a: 1}
prometheusRule: {lastSuccessSeconds: 59, runbookURL: "https://h/page#part"}
networkPolicy: {databasePorts: [0, 65536]}
`)...)
	wantRefusal(t, err, "'/database/url/key'", "'/database/writer/port'", "'/database/writer/sslMode'",
		"'/database/writer/passwordSecret/usernameKey'", "'/database/writer/passwordSecret/passwordKey'", "'/database/rootCert/key'",
		"'/db/database'", "'/db/secret/name'", "'/db/secret/usernameKey'", "'/db/secret/passwordKey'", "'/image/repository'", "'/image/pullPolicy'",
		"'/imagePullSecrets/0'", "'/replicas'", "'/cronjob/schedule'", "'/cronjob/startingDeadlineSeconds'", "'/cronjob/activeDeadlineSeconds'",
		"'/cronjob/successfulJobsHistoryLimit'", "'/cronjob/failedJobsHistoryLimit'", "'/job/activeDeadlineSeconds'", "'/job/backoffLimit'",
		"'/migrations/activeDeadlineSeconds'", "'/migrations/backoffLimit'", "'/probes/scheme'", "'/terminationGracePeriodSeconds'",
		"'/extraEnv/0'", "'/extraEnv/1/value'", "'/podLabels/a'", "'/podAnnotations/a'", "'/nodeSelector/a'",
		"'/prometheusRule/lastSuccessSeconds'", "'/prometheusRule/runbookURL'", "'/networkPolicy/databasePorts/0'", "'/networkPolicy/databasePorts/1'")
}

func TestWithoutADatabaseTheChartSaysWhatToSet(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		yaml  string
		texts []string
	}{
		"nothing": {"{}", []string{"LiteLLM's database is not named", "database.url.secretName", "database.writer", "db"}},
		"another variable": {"extraEnv: [{name: HTTPS_PROXY, value: \"http://proxy\"}]",
			[]string{"LiteLLM's database is not named"}},
		"a writer without a database": {"database: {writer: {host: h}}", []string{"database.writer.dbname is missing"}},
		"a writer with tokens": {"database: {writer: {host: h, dbname: d, useIAMAuth: true}}",
			[]string{"useIAMAuth", "not supported", "database.writer.passwordSecret"}},
		"a writer with other tokens": {"database: {writer: {host: h, dbname: d, useAzureEntraAuth: true}}", []string{"useAzureEntraAuth", "not supported"}},
		"a reader":                   {"database: {writer: {host: h, dbname: d}, reader: {host: r}}", []string{"/database", "reader"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := template(t, bare(t, test.yaml)...)
			wantRefusal(t, err, test.texts...)
		})
	}
}

func wantRefusal(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("not refused")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("no %q in: %v", text, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password in: %v", err)
	}
}

// The least that is refused above is one step away from what is not.
func TestValuesAtTheirBoundsAreTaken(t *testing.T) {
	t.Parallel()
	render(t, values(t, `
config:
  database: {connect_timeout: 1s}
  repair: {lock_timeout: 1000us, statement_timeout: 500µs500μs}
  watch: {poll_interval: 1000ms}
  lease: {duration: 0.05m2s}
  schedule: {interval: 1s, jitter: 0.999}
  shutdown_timeout: 1ns
  web: {ready_max_age: 0s, listen_address: "[::]:65535"}
  litellm: {url: "http://litellm:4000/path@x"}
global: {imageRegistry: example.com}
terminationGracePeriodSeconds: 2
`)...)
}
