package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	const exec = "kubectl exec --namespace ai -it deploy/rec-litellm-reconciler -- litellm-reconciler "
	const upgrade = "helm upgrade rec CHART --namespace ai --reuse-values --set mode=deployment --set 'extraArgs={--dry-run}'"
	for name, test := range map[string]struct {
		args        []string
		want, lacks []string
	}{
		"a daemon": {example("url"),
			[]string{"Deployment rec-litellm-reconciler repairs", upgrade + " --wait", exec + "plan", exec + "revert --all", "helm uninstall rec --namespace ai"},
			[]string{"CronJob", "Job rec"}},
		"a first look": {example("look"), []string{"writes nothing (--dry-run)", exec + "plan", "--set-json 'extraArgs=[]'"}, []string{upgrade}},
		"a CronJob": {example("cronjob-textfile"), []string{"CronJob rec-litellm-reconciler repairs LiteLLM's teams: 0 2 * * * in Europe/Berlin", upgrade,
			"kubectl create job --namespace ai rec-litellm-reconciler-now --from=cronjob/rec-litellm-reconciler", "--set mode=cronjob --set-json 'extraArgs=[]'"}, []string{"Deployment"}},
		"a Job": {example("job"), []string{"Job rec-litellm-reconciler-job ran: litellm-reconciler --once", upgrade + " --set job.enabled=false --wait"}, nil},
		"migrations": {example("migrations"), []string{"Job rec-litellm-reconciler-migrations installed its tables and its triggers",
			exec + "doctor --print-grants ROLE"}, nil},
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

// The way back from a first look ends where it began.
func TestTheNotesCommandsAreUnderstoodByHelm(t *testing.T) {
	t.Parallel()
	dry := pods(t, render(t, append(example("url"), "--set", "mode=deployment", "--set", "extraArgs={--dry-run}")...))
	if args := dry["daemon"].Spec.Containers[0].Args; len(args) != 1 || args[0] != "--dry-run" {
		t.Errorf("arguments %q", args)
	}
	back := pods(t, render(t, append(example("look"), "--set", "mode=cronjob", "--set-json", "extraArgs=[]")...))
	if args := back["cronjob"].Spec.Containers[0].Args; len(args) != 1 || args[0] != "--once" {
		t.Errorf("arguments %q", args)
	}
}
