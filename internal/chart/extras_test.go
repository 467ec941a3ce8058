package chart_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
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
	if account.Name != "reconciler-account" || *account.AutomountServiceAccountToken || found["daemon"].Spec.ServiceAccountName != account.Name {
		t.Errorf("%+v", account)
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
	all := render(t, values(t, "podLabels: {app.kubernetes.io/component: mine}\ncommonLabels: {app.kubernetes.io/name: mine}")...)
	wantSelectors(t, all)
	if d := one[appsv1.Deployment](t, all); d.Spec.Template.Labels["app.kubernetes.io/component"] != "daemon" || d.Labels["app.kubernetes.io/name"] != "litellm-reconciler" {
		t.Errorf("labels %v", d.Spec.Template.Labels)
	}
}
