package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func TestTheImageIsNamedByTagAndDigest(t *testing.T) {
	t.Parallel()
	image := func(args ...string) string {
		return pods(t, render(t, args...))["daemon"].Spec.Containers[0].Image
	}
	if got := image(values(t, "{}")...); got != "ghcr.io/litellm-reconciler/litellm-reconciler:0.1.0" {
		t.Error(got)
	}
	if got := image(example("everything")...); !strings.HasPrefix(got, "registry.example.com/litellm-reconciler:1.2.3@sha256:0123") {
		t.Error(got)
	}
}

func TestExtrasReachEveryPod(t *testing.T) {
	t.Parallel()
	all := render(t, example("everything")...)
	found := pods(t, all)
	if len(found) != 3 {
		t.Errorf("%d pods", len(found))
	}
	for component, pod := range found {
		s := pod.Spec
		if s.NodeSelector["kubernetes.io/os"] != "linux" || len(s.Tolerations) != 1 || s.Affinity == nil || s.PriorityClassName == "" ||
			len(s.ImagePullSecrets) != 1 || s.InitContainers[0].Name != "cloud-sql-proxy" || *s.TerminationGracePeriodSeconds != 120 {
			t.Errorf("%s: %+v", component, s)
		}
		if pod.Annotations["example.com/owner"] != "platform" || pod.Labels["example.com/tier"] != "backend" || pod.Labels["team"] != "platform" {
			t.Errorf("%s: %+v", component, pod.ObjectMeta)
		}
		c := s.Containers[0]
		if len(c.EnvFrom) != 1 || c.Resources.Limits.Memory().String() != "1Gi" || c.ImagePullPolicy != corev1.PullAlways {
			t.Errorf("%s: %+v", component, c)
		}
	}
	account := one[corev1.ServiceAccount](t, all)
	if account.Name != "reconciler-account" || account.Annotations["example.com/role"] != "reconciler" || *account.AutomountServiceAccountToken || found["daemon"].Spec.ServiceAccountName != account.Name {
		t.Errorf("%+v", account)
	}
	none := render(t, values(t, "serviceAccount: {create: false}")...)
	if name := pods(t, none)["daemon"].Spec.ServiceAccountName; name != "default" || len(every[corev1.ServiceAccount](none)) > 0 {
		t.Errorf("account %s", name)
	}
	if d := one[appsv1.Deployment](t, all); d.Name != "reconciler" || d.Annotations["reloader.stakater.com/auto"] != "true" {
		t.Errorf("%s %v", d.Name, d.Annotations)
	}
	text := called[corev1.ConfigMap](t, all, "reconciler").Data["config.yaml"]
	if !strings.Contains(text, "max_ceilings_created: 1000000\n") || !strings.Contains(text, `include: ["team-a","0123"]`) {
		t.Errorf("configuration %s", text)
	}
}

func TestLabelsOfOnesOwnDoNotMoveWhatSelects(t *testing.T) {
	t.Parallel()
	all := render(t, values(t, "podLabels: {app.kubernetes.io/component: mine}\ncommonLabels: {app.kubernetes.io/name: mine, helm.sh/chart: mine}")...)
	wantSelectors(t, all)
	if d := one[appsv1.Deployment](t, all); d.Spec.Template.Labels["app.kubernetes.io/component"] != "daemon" || d.Labels["app.kubernetes.io/name"] != "litellm-reconciler" || d.Labels["helm.sh/chart"] == "mine" {
		t.Errorf("labels %v", d.Spec.Template.Labels)
	}
}

func TestVariablesOfOnesOwnReplaceTheChartsInTheirPlace(t *testing.T) {
	t.Parallel()
	all := render(t, values(t, `
migrations: {enabled: true}
extraEnv:
  - {name: GOMEMLIMIT, value: 100MiB}
  - {name: LITELLM_RECONCILER_LEDGER_AUTO_MIGRATE, value: "true"}`)...)
	for component, pod := range pods(t, all) {
		got := newKubelet(all, pretended).variables(t, pod.Spec.Containers[0]) // which refuses two of a name
		if got["GOMEMLIMIT"] != "100MiB" || got["LITELLM_RECONCILER_LEDGER_AUTO_MIGRATE"] != "true" || got["LITELLM_RECONCILER_DATABASE_URL"] == "" {
			t.Errorf("%s: %v", component, got)
		}
	}
}

// A block of values whose lines are all commented out is no mistake.
func TestAConfigurationOfNothingIsTheDefault(t *testing.T) {
	t.Parallel()
	bare, err := template(t, values(t, "{}")...)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := template(t, values(t, "config:\nextraEnv:\n")...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bare, empty); diff != "" {
		t.Errorf("(-bare +empty):\n%s", diff)
	}
}

func TestAnUmbrellaChartMayHaveIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "charts", "litellm-reconciler"), os.DirFS(directory)); err != nil {
		t.Fatal(err)
	}
	chart := `{apiVersion: v2, name: platform, version: 1.0.0, dependencies: [
  {name: litellm-reconciler, version: "*", condition: litellm-reconciler.enabled},
  {name: litellm-reconciler, version: "*", alias: second, condition: second.enabled}]}`
	if err := os.WriteFile(filepath.Join(dir, "Chart.yaml"), []byte(chart), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(yaml string) objects {
		t.Helper()
		return renderOf(t, dir, bare(t, yaml)...)
	}

	one := "{enabled: true, database: {url: {secretName: litellm-env}}, podSecurityContext: {runAsUser: null}}"
	all := with("global: {region: eu}\nlitellm-reconciler: " + one + "\nsecond: " + one)

	a, b := called[appsv1.Deployment](t, all, fullname), called[appsv1.Deployment](t, all, "rec-second")
	if labels.SelectorFromSet(a.Spec.Selector.MatchLabels).Matches(labels.Set(b.Spec.Template.Labels)) {
		t.Error("the first selects the pods of the second")
	}
	if user := a.Spec.Template.Spec.SecurityContext.RunAsUser; user != nil {
		t.Errorf("user %d", *user)
	}
	if none := with("litellm-reconciler: {enabled: false}\nsecond: {enabled: false}"); len(none) > 0 {
		t.Errorf("%d objects of what is off", len(none))
	}
}
