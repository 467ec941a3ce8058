package chart_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// wiring is where the variables of the database come from: a value, or a Secret and its key.
func wiring(c corev1.Container) map[string]string {
	from := map[string]string{}
	for _, v := range c.Env {
		switch {
		case slices.Contains([]string{"LITELLM_RECONCILER_CONFIG", "LITELLM_RECONCILER_METRICS_PUSHGATEWAY_JOB", "GOMEMLIMIT"}, v.Name):
		case v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil:
			from[v.Name] = "Secret " + v.ValueFrom.SecretKeyRef.Name + " " + v.ValueFrom.SecretKeyRef.Key
		default:
			from[v.Name] = v.Value
		}
	}
	return from
}

func TestTheDatabaseComesFromWhatLiteLLMsChartsHave(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want map[string]string
	}{
		"a URL": {example("url"), map[string]string{"LITELLM_RECONCILER_DATABASE_URL": "Secret litellm-env DATABASE_URL"}},
		"URLs by other keys": {bare(t, "database: {url: {secretName: app, key: uri}, directUrl: {secretName: direct, key: u}}"), map[string]string{
			"LITELLM_RECONCILER_DATABASE_URL": "Secret app uri", "LITELLM_RECONCILER_DATABASE_DIRECT_URL": "Secret direct u"}},
		"litellm": {example("litellm"), map[string]string{
			"DATABASE_HOST": "postgres.example.com", "DATABASE_PORT": "5432", "DATABASE_NAME": "litellm", "DATABASE_URL": "",
			"DATABASE_USERNAME": "Secret litellm-writer-secret username", "DATABASE_PASSWORD": "Secret litellm-writer-secret password"}},
		"litellm, all of it": {bare(t, `database: {writer: {host: h, port: 6432, dbname: d, schema: s, sslMode: require, sslRootCert: /ca.pem,
			passwordSecret: {name: role, usernameKey: u, passwordKey: p}, useIAMAuth: false, useAzureEntraAuth: false}}`), map[string]string{
			"DATABASE_HOST": "h", "DATABASE_PORT": "6432", "DATABASE_NAME": "d", "DATABASE_SCHEMA": "s", "DATABASE_URL": "",
			"DATABASE_USERNAME": "Secret role u", "DATABASE_PASSWORD": "Secret role p", "PGSSLMODE": "require", "PGSSLROOTCERT": "/ca.pem"}},
		"litellm-helm": {example("litellm-helm"), map[string]string{
			"DATABASE_HOST": "postgres.example.com", "DATABASE_NAME": "litellm", "DATABASE_URL": "",
			"DATABASE_USERNAME": "Secret postgres username", "DATABASE_PASSWORD": "Secret postgres password"}},
		"litellm-helm, the host in the Secret": {example("litellm-helm-endpoint-key"), map[string]string{
			"DATABASE_HOST": "Secret postgres host", "DATABASE_NAME": "litellm", "DATABASE_URL": "",
			"DATABASE_USERNAME": "Secret postgres username", "DATABASE_PASSWORD": "Secret postgres password"}},
		"litellm-helm, its own Postgres": {example("litellm-helm-standalone"), map[string]string{
			"DATABASE_HOST": "litellm-postgresql", "DATABASE_NAME": "litellm", "DATABASE_URL": "",
			"DATABASE_USERNAME": "Secret litellm-dbcredentials username", "DATABASE_PASSWORD": "Secret litellm-dbcredentials password"}},
		"a root certificate": {values(t, "database: {rootCert: {secretName: ca, key: root.pem}}"), map[string]string{
			"LITELLM_RECONCILER_DATABASE_URL": "Secret litellm-env DATABASE_URL",
			"PGSSLMODE":                       "verify-full", "PGSSLROOTCERT": "/etc/litellm-reconciler/root-cert/root.pem"}},
		"a mode and an authority twice": {values(t, "database: {sslMode: require, rootCert: {configMapName: ca}, writer: {sslMode: verify-ca, sslRootCert: /ca.pem}}"), map[string]string{
			"LITELLM_RECONCILER_DATABASE_URL": "Secret litellm-env DATABASE_URL",
			"PGSSLMODE":                       "verify-ca", "PGSSLROOTCERT": "/etc/litellm-reconciler/root-cert/ca.crt"}},
		"a mode alone": {values(t, "database: {sslMode: disable}"), map[string]string{
			"LITELLM_RECONCILER_DATABASE_URL": "Secret litellm-env DATABASE_URL", "PGSSLMODE": "disable"}},
		"another variable that Secrets bring along": {bare(t, "db: {endpoint: h}\nextraEnvFrom: [{secretRef: {name: litellm-env}}]"), map[string]string{
			"DATABASE_HOST": "h", "DATABASE_NAME": "litellm", "DATABASE_URL": "",
			"DATABASE_USERNAME": "Secret postgres username", "DATABASE_PASSWORD": "Secret postgres password"}},
		"several of one's own":   {bare(t, "extraEnv: [{name: DATABASE_HOST, value: h}, {name: DATABASE_URL, value: \"\"}]"), map[string]string{"DATABASE_HOST": "h", "DATABASE_URL": ""}},
		"variables of one's own": {bare(t, "extraEnv: [{name: DATABASE_URL, value: x}]"), map[string]string{"DATABASE_URL": "x"}},
	} {
		for _, mode := range []string{"deployment", "cronjob"} {
			t.Run(name+" in mode "+mode, func(t *testing.T) {
				t.Parallel()
				for _, pod := range pods(t, render(t, append([]string{"--set", "mode=" + mode}, test.args...)...)) {
					if diff := cmp.Diff(test.want, wiring(pod.Spec.Containers[0])); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
				}
			})
		}
	}
}

func TestMigrationsMayHaveARoleOfTheirOwnAndNothingOfTheDaemons(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want map[string]string
	}{
		"its name and password": {example("migrations"), map[string]string{
			"DATABASE_HOST": "postgres.example.com", "DATABASE_PORT": "5432", "DATABASE_NAME": "litellm", "DATABASE_URL": "", "DIRECT_URL": "",
			"DATABASE_USERNAME": "Secret litellm-writer-secret username", "DATABASE_PASSWORD": "Secret litellm-writer-secret password"}},
		"its URL": {example("migrations-url"), map[string]string{
			"LITELLM_RECONCILER_DATABASE_URL": "Secret litellm-env DATABASE_URL", "LITELLM_RECONCILER_DATABASE_DIRECT_URL": "Secret litellm-env DATABASE_URL"}},
		"its name and password by other keys": {bare(t, "migrations: {enabled: true, passwordSecret: {name: owner, usernameKey: u, passwordKey: p}}\ndb: {endpoint: h}"), map[string]string{
			"DATABASE_HOST": "h", "DATABASE_NAME": "litellm", "DATABASE_URL": "", "DIRECT_URL": "",
			"DATABASE_USERNAME": "Secret owner u", "DATABASE_PASSWORD": "Secret owner p"}},
		"its URL by another key": {values(t, "migrations: {enabled: true, url: {secretName: owner, key: uri}}\ndatabase: {directUrl: {secretName: direct}}"), map[string]string{
			"LITELLM_RECONCILER_DATABASE_URL": "Secret owner uri", "LITELLM_RECONCILER_DATABASE_DIRECT_URL": "Secret owner uri"}},
		"none": {values(t, "migrations: {enabled: true}\ndatabase: {directUrl: {secretName: litellm-env}}"), map[string]string{
			"LITELLM_RECONCILER_DATABASE_URL": "Secret litellm-env DATABASE_URL", "LITELLM_RECONCILER_DATABASE_DIRECT_URL": "Secret litellm-env DIRECT_URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := pods(t, render(t, test.args...))
			for _, c := range programs(all["migrations"].Spec) {
				got := wiring(c)
				delete(got, "LITELLM_RECONCILER_LEDGER_AUTO_MIGRATE")
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("container %s (-want +got):\n%s", c.Name, diff)
				}
			}
			if wiring(all["daemon"].Spec.Containers[0])["LITELLM_RECONCILER_LEDGER_AUTO_MIGRATE"] != "false" {
				t.Error("the daemon migrates as well")
			}
		})
	}
}
