package chart_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

func TestTheDaemonIsProbedAndHasTimeToStop(t *testing.T) {
	t.Parallel()
	all := render(t, values(t, `config: {shutdown_timeout: 1m30.5s, web: {listen_address: "0.0.0.0:9000"}}`)...)
	d := one[appsv1.Deployment](t, all)
	c := d.Spec.Template.Spec.Containers[0]
	for path, probes := range map[string][]*corev1.Probe{"/livez": {c.StartupProbe, c.LivenessProbe}, "/readyz": {c.ReadinessProbe}} {
		for _, p := range probes {
			if p == nil || p.HTTPGet.Path != path || p.HTTPGet.Port.StrVal != "http" || p.HTTPGet.Scheme != "HTTP" {
				t.Errorf("a probe of %s: %v", path, p)
			}
		}
	}
	if s := one[corev1.Service](t, all).Spec.Ports[0]; c.Ports[0].Name != "http" || c.Ports[0].ContainerPort != 9000 || s.Port != 9000 || s.TargetPort.StrVal != "http" {
		t.Errorf("ports %v, of the Service %v", c.Ports, s)
	}
	if grace := *d.Spec.Template.Spec.TerminationGracePeriodSeconds; grace != 91+15 {
		t.Errorf("%d s to stop", grace)
	}
	if long := pods(t, render(t, values(t, "config: {shutdown_timeout: 1h1m}")...))["daemon"].Spec; *long.TerminationGracePeriodSeconds != 3660+15 {
		t.Errorf("%d s to stop", *long.TerminationGracePeriodSeconds)
	}
	if s := d.Spec.Strategy.RollingUpdate; s.MaxUnavailable.IntVal != 0 || s.MaxSurge.IntVal != 1 {
		t.Errorf("strategy %v", s)
	}
}

func TestProbesOfAListenerWithTLSSayWhoAsks(t *testing.T) {
	t.Parallel()
	all := render(t, example("tls")...)
	c := pods(t, all)["daemon"].Spec.Containers[0]
	for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if p.HTTPGet.Scheme != "HTTPS" || len(p.HTTPGet.HTTPHeaders) != 1 || p.HTTPGet.HTTPHeaders[0].Name != "Authorization" {
			t.Errorf("probe %v", p.HTTPGet)
		}
	}
	if mounts := c.VolumeMounts; mounts[len(mounts)-1].Name != "web" || mounts[len(mounts)-1].MountPath != "/etc/web" {
		t.Errorf("mounts %v", mounts)
	}
	e := one[monitoringv1.PodMonitor](t, all).Spec.PodMetricsEndpoints[0]
	if e.Scheme == nil || strings.ToLower(string(*e.Scheme)) != "https" || e.BasicAuth == nil || e.TLSConfig == nil {
		t.Errorf("endpoint %v", e)
	}
}

func TestADaemonThatDoesNotListenIsNotProbed(t *testing.T) {
	t.Parallel()
	all := render(t, values(t, `config: {web: {listen_address: ""}}`)...)
	c := pods(t, all)["daemon"].Spec.Containers[0]
	if len(c.Ports) > 0 || c.StartupProbe != nil || c.LivenessProbe != nil || c.ReadinessProbe != nil || len(every[corev1.Service](all)) > 0 {
		t.Errorf("%+v", c)
	}
}

func TestOnlySeveralCopiesAreSpreadAndHaveABudget(t *testing.T) {
	t.Parallel()
	for _, replicas := range []string{"0", "1"} {
		all := render(t, values(t, "replicas: "+replicas)...)
		spread := one[appsv1.Deployment](t, all).Spec.Template.Spec.TopologySpreadConstraints
		if len(spread) > 0 || len(every[policyv1.PodDisruptionBudget](all)) > 0 {
			t.Errorf("%s replicas: spread %v", replicas, spread)
		}
	}
	all := render(t, values(t, "replicas: 2")...)
	selector := one[appsv1.Deployment](t, all).Spec.Selector
	spread := one[appsv1.Deployment](t, all).Spec.Template.Spec.TopologySpreadConstraints
	budget := one[policyv1.PodDisruptionBudget](t, all).Spec
	if diff := cmp.Diff(selector, spread[0].LabelSelector); diff != "" {
		t.Errorf("spread is something else: %s", diff)
	}
	if diff := cmp.Diff(selector, budget.Selector); diff != "" {
		t.Errorf("the budget is for something else: %s", diff)
	}
	if budget.MaxUnavailable.IntVal != 1 || *budget.UnhealthyPodEvictionPolicy != policyv1.AlwaysAllow {
		t.Errorf("budget %v", budget)
	}
	old := render(t, append(values(t, "replicas: 2"), "--kube-version", "1.25.0")...)
	if policy := one[policyv1.PodDisruptionBudget](t, old).Spec.UnhealthyPodEvictionPolicy; policy != nil {
		t.Errorf("Kubernetes 1.25 does not know %s", *policy)
	}
}

// Kubernetes spreads nothing where a constraint selects no pods.
func TestASpreadThatIsGivenIsThatOfTheDaemon(t *testing.T) {
	t.Parallel()
	all := render(t, example("everything")...)
	given := pods(t, all)["daemon"].Spec.TopologySpreadConstraints
	if len(given) != 1 || given[0].TopologyKey != "topology.kubernetes.io/zone" {
		t.Fatalf("spread %v", given)
	}
	if diff := cmp.Diff(one[appsv1.Deployment](t, all).Spec.Selector, given[0].LabelSelector); diff != "" {
		t.Errorf("spread is something else: %s", diff)
	}
	own := render(t, values(t, "topologySpreadConstraints: [{labelSelector: {matchExpressions: [{key: a, operator: Exists}]}}]")...)
	if s := pods(t, own)["daemon"].Spec.TopologySpreadConstraints[0].LabelSelector; len(s.MatchLabels) > 0 || len(s.MatchExpressions) != 1 {
		t.Errorf("a selector of one's own became %v", s)
	}
}

func TestAChangeOfTheConfigurationStartsThePodsAnew(t *testing.T) {
	t.Parallel()
	checksum := func(yaml string) string {
		return pods(t, render(t, values(t, yaml)...))["daemon"].Annotations["checksum/config"]
	}
	if a, b := checksum("{}"), checksum("config: {policy: exact}"); a == b || a == "" {
		t.Errorf("checksums %q and %q", a, b)
	}
	if a, b := checksum("{}"), checksum("replicas: 2"); a != b {
		t.Error("the checksum changes with something else")
	}
}
