package chart_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// kinds are the objects that the chart may have.
var kinds = map[string]func() metav1.Object{
	"v1/ConfigMap":                            func() metav1.Object { return new(corev1.ConfigMap) },
	"v1/Service":                              func() metav1.Object { return new(corev1.Service) },
	"v1/ServiceAccount":                       func() metav1.Object { return new(corev1.ServiceAccount) },
	"apps/v1/Deployment":                      func() metav1.Object { return new(appsv1.Deployment) },
	"batch/v1/CronJob":                        func() metav1.Object { return new(batchv1.CronJob) },
	"batch/v1/Job":                            func() metav1.Object { return new(batchv1.Job) },
	"networking.k8s.io/v1/NetworkPolicy":      func() metav1.Object { return new(networkingv1.NetworkPolicy) },
	"policy/v1/PodDisruptionBudget":           func() metav1.Object { return new(policyv1.PodDisruptionBudget) },
	"monitoring.coreos.com/v1/ServiceMonitor": func() metav1.Object { return new(monitoringv1.ServiceMonitor) },
	"monitoring.coreos.com/v1/PodMonitor":     func() metav1.Object { return new(monitoringv1.PodMonitor) },
	"monitoring.coreos.com/v1/PrometheusRule": func() metav1.Object { return new(monitoringv1.PrometheusRule) },
}

// objects are what the chart makes of some values.
type objects []metav1.Object

var boundary = regexp.MustCompile(`(?m)^---\n`)

// decode reads what Helm prints as Kubernetes would, and refuses fields that
// Kubernetes does not know and keys that are given twice.
func decode(text string) (objects, error) {
	var all objects
	for _, document := range boundary.Split(text, -1) {
		if strings.TrimSpace(document) == "" {
			continue
		}
		content, err := yaml.YAMLToJSONStrict([]byte(document))
		if err != nil {
			return nil, fmt.Errorf("%w in:\n%s", err, document)
		}
		var meta metav1.TypeMeta
		if err := json.UnmarshalCaseSensitivePreserveInts(content, &meta); err != nil {
			return nil, fmt.Errorf("%w in:\n%s", err, document)
		}
		create := kinds[meta.APIVersion+"/"+meta.Kind]
		if create == nil {
			return nil, fmt.Errorf("%s %s is not expected:\n%s", meta.APIVersion, meta.Kind, document)
		}
		object := create()
		unknown, err := json.UnmarshalStrict(content, object)
		if err := errors.Join(append(unknown, err)...); err != nil {
			return nil, fmt.Errorf("%w in:\n%s", err, document)
		}
		all = append(all, object)
	}
	return all, nil
}

// render renders the chart and reads what comes of it.
func render(t *testing.T, args ...string) objects {
	t.Helper()
	return renderOf(t, directory, args...)
}

// renderOf does so with another chart.
func renderOf(t *testing.T, directory string, args ...string) objects {
	t.Helper()
	text, err := templateOf(t, directory, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// every is the objects of one kind.
func every[T any](all objects) []*T {
	var some []*T
	for _, object := range all {
		if one, ok := any(object).(*T); ok {
			some = append(some, one)
		}
	}
	return some
}

// one is the only object of a kind.
func one[T any](t *testing.T, all objects) *T {
	t.Helper()
	some := every[T](all)
	if len(some) != 1 {
		t.Fatalf("%d objects of type %T", len(some), *new(T))
	}
	return some[0]
}

// called is the object of a kind and a name.
func called[T any](t *testing.T, all objects, name string) *T {
	t.Helper()
	for _, object := range all {
		if one, ok := any(object).(*T); ok && object.GetName() == name {
			return one
		}
	}
	t.Fatalf("no %T named %s", *new(T), name)
	return nil
}

// pods are the templates of all pods, by the component that they are.
func pods(t *testing.T, all objects) map[string]corev1.PodTemplateSpec {
	t.Helper()
	found := map[string]corev1.PodTemplateSpec{}
	add := func(pod corev1.PodTemplateSpec) {
		component := pod.Labels["app.kubernetes.io/component"]
		if _, twice := found[component]; twice || component == "" {
			t.Errorf("component %q is there twice, or has no name", component)
		}
		found[component] = pod
	}
	for _, object := range all {
		switch object := object.(type) {
		case *appsv1.Deployment:
			add(object.Spec.Template)
		case *batchv1.CronJob:
			add(object.Spec.JobTemplate.Spec.Template)
		case *batchv1.Job:
			add(object.Spec.Template)
		}
	}
	return found
}

// programs are the containers of a pod that run the program.
func programs(pod corev1.PodSpec) []corev1.Container {
	var some []corev1.Container
	for _, c := range append(append([]corev1.Container(nil), pod.InitContainers...), pod.Containers...) {
		if strings.Contains(c.Image, "litellm-reconciler") {
			some = append(some, c)
		}
	}
	return some
}
