package chart_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

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
				wantSound(t, object, namespace, "monitoring")
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
	for _, name := range []string{"123", "true", "a.release", "litellm-reconciler", strings.Repeat("long-", 10) + "end", strings.Repeat("a", 51) + "-b"} {
		for _, others := range []string{"", "nameOverride: \"1e3\"", "nameOverride: " + strings.Repeat("c", 51) + "." + strings.Repeat("c", 20), "fullnameOverride: \"0.1\""} {
			text, err := run(t, append([]string{"template", name, directory, "--namespace", "no"}, values(t, others+`
migrations: {enabled: true}
job: {enabled: true}
networkPolicy: {enabled: true}
priorityClassName: "1"
database: {rootCert: {secretName: "2"}}`)...)...)
			if err != nil {
				t.Fatal(err)
			}
			all, err := decode(text)
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range all {
				wantSound(t, object, "no")
			}
			wantSelectors(t, all)
			if d := one[appsv1.Deployment](t, all); others == "" && name == "litellm-reconciler" && d.Name != name || len(d.Name) > 52 {
				t.Errorf("release %s makes Deployment %s", name, d.Name)
			}
		}
	}
}

func TestNamesThatKubernetesReadsOtherwiseStayNames(t *testing.T) {
	t.Parallel()
	all := render(t, values(t, `
mode: cronjob
cronjob: {timeZone: "2"}
serviceAccount: {name: "no"}
priorityClassName: "1"
database: {rootCert: {configMapName: "1e3"}}
grafanaDashboard: {enabled: true, namespace: "0"}`)...)
	pod := pods(t, all)["cronjob"].Spec
	if zone := one[batchv1.CronJob](t, all).Spec.TimeZone; *zone != "2" {
		t.Errorf("time zone %s", *zone)
	}
	if account := one[corev1.ServiceAccount](t, all); account.Name != "no" || pod.ServiceAccountName != "no" || pod.PriorityClassName != "1" {
		t.Errorf("account %s, in %+v", account.Name, pod)
	}
	if name := pod.Volumes[1].ConfigMap.Name; name != "1e3" {
		t.Errorf("volume of %s", name)
	}
	if board := called[corev1.ConfigMap](t, all, fullname+"-dashboard"); board.Namespace != "0" {
		t.Errorf("dashboard in namespace %s", board.Namespace)
	}
}

// wantSound wants an object that Kubernetes takes under its name and with its labels.
func wantSound(t *testing.T, object metav1.Object, namespaces ...string) {
	t.Helper()
	name := object.GetName()
	problems := validation.IsDNS1123Label(name)
	switch object.(type) {
	case *corev1.Service:
		problems = validation.IsDNS1035Label(name)
	case *batchv1.CronJob:
		if len(name) > 52 {
			problems = append(problems, "too long for a CronJob")
		}
	}
	for key, value := range object.GetLabels() {
		problems = append(problems, validation.IsQualifiedName(key)...)
		problems = append(problems, validation.IsValidLabelValue(value)...)
	}
	if len(problems) > 0 {
		t.Errorf("%T %q with labels %v: %s", object, name, object.GetLabels(), strings.Join(problems, "; "))
	}
	if !slices.Contains(namespaces, object.GetNamespace()) {
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
	"litellm-env":                   {"DATABASE_URL": "postgresql://u:p@db:6432/d", "DIRECT_URL": "postgresql://u:p@db:5432/d"},
	"litellm-reconciler-migrations": {"DATABASE_URL": "postgresql://o:p@db:5432/d"},
	"litellm-reconciler-role":       {"DATABASE_URL": "postgresql://r:p@db:6432/d", "username": "r", "password": "p"},
	"litellm-writer-secret":         {"username": "u", "password": "p"},
	"litellm-dbcredentials":         {"username": "u", "password": "p"},
	"postgres":                      {"username": "u", "password": "p", "host": "db:5432"},
	"pushgateway":                   {"url": "http://u:p@pushgateway:9091"},
	"reconciler-web":                {"web.yaml": "", "ca.crt": ""},
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
