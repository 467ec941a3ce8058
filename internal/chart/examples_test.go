package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/pkg/config"
)

func TestEveryExampleIsWhatKubernetesAndTheProgramTake(t *testing.T) {
	t.Parallel()
	for _, name := range examples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := run(t, append([]string{"lint", "--strict", directory}, example(name)...)...); err != nil {
				t.Error(err)
			}
			all := render(t, example(name)...)
			for _, object := range all {
				wantSound(t, object)
			}
			wantSelectors(t, all)
			for component, pod := range pods(t, all) {
				wantRestricted(t, component, pod.Spec, name == "cronjob-textfile")
				wantAccepted(t, component, pod.Spec, newKubelet(all, pretended))
			}
		})
	}
}

// The same chart under odd names still gives names and labels that Kubernetes takes.
func TestNamesAndLabelsFitUnderAnyNameOfTheRelease(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"123", "true", "litellm-reconciler", strings.Repeat("long-", 10) + "end"} {
		text, err := run(t, append([]string{"template", name, directory, "--namespace", namespace}, values(t, "migrations: {enabled: true}\njob: {enabled: true}")...)...)
		if err != nil {
			t.Fatal(err)
		}
		all, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range all {
			wantSound(t, object)
		}
		wantSelectors(t, all)
		if d := one[appsv1.Deployment](t, all); name == "litellm-reconciler" && d.Name != name || len(d.Name) > 52 {
			t.Errorf("release %s makes Deployment %s", name, d.Name)
		}
	}
}

func wantSound(t *testing.T, object metav1.Object) {
	t.Helper()
	name := object.GetName()
	if name == "" || len(name) > 63 || strings.HasSuffix(name, "-") {
		t.Errorf("name %q", name)
	}
	if object.GetNamespace() != namespace && object.GetNamespace() != "monitoring" {
		t.Errorf("%s is in namespace %q", name, object.GetNamespace())
	}
	for _, key := range []string{"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "helm.sh/chart"} {
		if object.GetLabels()[key] == "" {
			t.Errorf("%s has no label %s", name, key)
		}
	}
}

// wantSelectors wants the Deployment and the Service to select the daemon's pods and no others.
func wantSelectors(t *testing.T, all objects) {
	t.Helper()
	for component, pod := range pods(t, all) {
		for _, d := range every[appsv1.Deployment](all) {
			if labels.SelectorFromSet(d.Spec.Selector.MatchLabels).Matches(labels.Set(pod.Labels)) != (component == "daemon") {
				t.Errorf("the Deployment's selector and the pod of %s: %v and %v", component, d.Spec.Selector, pod.Labels)
			}
		}
		for _, s := range every[corev1.Service](all) {
			if labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(pod.Labels)) != (component == "daemon") {
				t.Errorf("the Service's selector and the pod of %s: %v and %v", component, s.Spec.Selector, pod.Labels)
			}
		}
	}
}

// pretended are the secrets that the examples name.
var pretended = map[string]map[string]string{
	"litellm-env":             {"DATABASE_URL": "postgresql://u:p@db:6432/d", "DIRECT_URL": "postgresql://u:p@db:5432/d"},
	"litellm-reconciler-role": {"DATABASE_URL": "postgresql://r:p@db:6432/d", "username": "r", "password": "p"},
	"litellm-writer-secret":   {"username": "u", "password": "p"},
	"litellm-dbcredentials":   {"username": "u", "password": "p"},
	"postgres":                {"username": "u", "password": "p", "host": "db:5432"},
	"pushgateway":             {"url": "http://u:p@pushgateway:9091"},
	"reconciler-web":          {"web.yaml": "", "ca.crt": ""},
}

// wantAccepted wants the program to find its configuration in the pod valid.
func wantAccepted(t *testing.T, component string, pod corev1.PodSpec, k kubelet) {
	t.Helper()
	k.configMaps["postgres-ca"] = map[string]string{"ca.crt": ""}
	for _, c := range programs(pod) {
		p := k.prepare(t, pod, c)
		getenv := func(name string) string { return p.env[name] }
		loaded, err := config.Load(nil, getenv, "")
		if err != nil {
			t.Fatalf("%s: %v", component, err)
		}
		if _, err := loaded.Validate(getenv); err != nil {
			t.Errorf("%s: %v", component, err)
		}
	}
}

// What a bare install makes, to the letter. UPDATE_GOLDEN=1 writes it down.
func TestTheDefaultsAreTheGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"deployment", "cronjob"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			got, err := template(t, values(t, "mode: "+mode)...)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", mode+".yaml")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("UPDATE_GOLDEN=1 writes it down, if it is meant (-golden +rendered):\n%s", diff)
			}
		})
	}
}
