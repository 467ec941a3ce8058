package chart_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
)

// notes are what "helm install" prints. Without a cluster Helm shows them to
// nobody: a copy of the chart has them in a ConfigMap.
func notes(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(directory)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "templates", "NOTES.txt"))
	if err != nil {
		t.Fatal(err)
	}
	wrapped := `{{- define "notes" }}` + string(text) + `{{ end -}}` + "\nnotes: |-\n  {{- include \"notes\" . | nindent 2 }}\n"
	if err := os.WriteFile(filepath.Join(dir, "templates", "notes.yaml"), []byte(wrapped), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, append([]string{"template", release, dir, "--namespace", namespace, "--show-only", "templates/notes.yaml"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheNotesSayWhatRunsHowToLookAndHowToLeave(t *testing.T) {
	t.Parallel()
	const exec = "kubectl exec --namespace ai deploy/rec-litellm-reconciler -- litellm-reconciler "
	const ask = "kubectl exec -it --namespace ai deploy/rec-litellm-reconciler -- litellm-reconciler "
	const upgrade = "helm upgrade rec CHART --namespace ai --reset-then-reuse-values"
	const look = " --set-json 'extraArgs=[\"--dry-run\"]' --wait"
	const back = " --set-json 'extraArgs=[]'\n"
	for name, test := range map[string]struct {
		args        []string
		want, lacks []string
	}{
		"a daemon": {example("url"),
			[]string{"Deployment rec-litellm-reconciler repairs", upgrade + look, upgrade + back, exec + "plan", ask + "revert --all", exec + "migrate down --yes", "helm uninstall rec --namespace ai"},
			[]string{"CronJob", "Job rec"}},
		"a first look": {example("look"), []string{"writes nothing (--dry-run)", exec + "plan", upgrade + back, "(with --set mode=cronjob or replicas=0, where it was that before)"}, []string{look}},
		"a CronJob": {example("cronjob-textfile"), []string{"CronJob rec-litellm-reconciler repairs LiteLLM's teams: 0 2 * * * in Europe/Berlin\n", upgrade + " --set mode=deployment" + look,
			"kubectl create job --namespace ai rec-litellm-reconciler-now --from=cronjob/rec-litellm-reconciler", upgrade + " --set mode=cronjob" + back}, []string{"Deployment"}},
		"a CronJob that is suspended": {append(example("cronjob"), "--set", "cronjob.suspend=true"), []string{"*/10 * * * *, but is suspended\n"}, nil},
		"a CronJob that looks": {append(example("cronjob"), "--set", "extraArgs={--dry-run}"), []string{"writes nothing (--dry-run): */10", upgrade + " --set mode=deployment" + look,
			upgrade + " --set mode=cronjob" + back}, nil},
		"a Job":                  {example("job"), []string{"Job rec-litellm-reconciler-job ran: litellm-reconciler --once\n", "has no copies", upgrade + " --set replicas=1" + look, upgrade + " --set replicas=0" + back}, []string{"beginning now"}},
		"a Job that is left out": {append(example("job"), "--set", "extraArgs={--dry-run}"), []string{"Job rec-litellm-reconciler-job was left out (--dry-run)"}, []string{" ran: "}},
		"a look in other words": {append(example("job"), "--set", "replicas=1", "--set-json", `extraArgs=["--dry-run=true"]`),
			[]string{"writes nothing (--dry-run)", "was left out", upgrade + back}, []string{look}},
		"no look": {append(example("url"), "--set-json", `extraArgs=["--dry-run=false"]`), []string{"repairs", upgrade + look}, nil},
		"migrations": {example("migrations"), []string{"Job rec-litellm-reconciler-migrations installed its tables and its triggers",
			exec + "doctor --print-grants ROLE"}, []string{"while it looks"}},
		"migrations of a CronJob": {append(example("migrations"), "--set", "mode=cronjob"), []string{"(while it looks, see below)"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := notes(t, test.args...)
			for _, text := range test.want {
				if !strings.Contains(got, text) {
					t.Errorf("no %q in:\n%s", text, got)
				}
			}
			for _, text := range test.lacks {
				if strings.Contains(got, text) {
					t.Errorf("%q in:\n%s", text, got)
				}
			}
		})
	}
}

// commands are the settings in the "helm upgrade" commands of the notes, as a shell would hand them over.
func commands(notes string) [][]string {
	var all [][]string
	for line := range strings.Lines(notes) {
		if _, settings, found := strings.Cut(line, " --reset-then-reuse-values "); found {
			settings = strings.TrimSuffix(strings.TrimSpace(settings), " --wait")
			all = append(all, strings.Fields(strings.ReplaceAll(settings, "'", "")))
		}
	}
	return all
}

// A look and the way back from it end where they began.
func TestTheNotesLeadToALookAndBack(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"a daemon":               example("url"),
		"a Job without a daemon": example("job"),
		"a CronJob":              example("cronjob"),
		"arguments of its own":   append(example("url"), "--set-json", `extraArgs=["--teams-include=a,b"]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, err := template(t, args...)
			if err != nil {
				t.Fatal(err)
			}
			found := commands(notes(t, args...))
			if len(found) != 2 {
				t.Fatalf("commands %q", found)
			}
			look := slices.Concat(args, found[0])
			all := render(t, look...)
			d := one[appsv1.Deployment](t, all)
			if got := d.Spec.Template.Spec.Containers[0].Args; *d.Spec.Replicas != 1 || !slices.Contains(got, "--dry-run") {
				t.Errorf("it does not look: %d of %v", *d.Spec.Replicas, got)
			} else if name == "arguments of its own" && !slices.Contains(got, "--teams-include=a,b") {
				t.Errorf("its own arguments are gone: %v", got)
			}
			if len(every[batchv1.Job](all))+len(every[batchv1.CronJob](all)) > 0 {
				t.Error("something else writes")
			}
			after, err := template(t, slices.Concat(look, found[1])...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("back from a look (-before +after):\n%s", diff)
			}
		})
	}
}
