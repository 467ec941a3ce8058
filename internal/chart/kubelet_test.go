package chart_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"litellm-reconciler/internal/program"
)

// kubelet starts containers as processes: it resolves their variables and
// brings their volumes to where the process finds them.
type kubelet struct {
	secrets    map[string]map[string]string
	configMaps map[string]map[string]string
}

// newKubelet has the ConfigMaps of the chart, and those secrets.
func newKubelet(all objects, secrets map[string]map[string]string) kubelet {
	k := kubelet{secrets: secrets, configMaps: map[string]map[string]string{}}
	for _, m := range every[corev1.ConfigMap](all) {
		k.configMaps[m.Name] = m.Data
	}
	return k
}

// process is a container about to start.
type process struct {
	env    program.Env
	args   []string
	mounts map[string]string // where a mount really is
}

func (k kubelet) prepare(t *testing.T, pod corev1.PodSpec, c corev1.Container) process {
	t.Helper()
	p := process{env: program.Env{}, mounts: map[string]string{}}
	for _, m := range c.VolumeMounts {
		p.mounts[m.MountPath] = filepath.Join(t.TempDir(), m.Name)
	}
	var pairs []string
	for path, actual := range p.mounts {
		pairs = append(pairs, path+"/", actual+"/")
	}
	places := strings.NewReplacer(pairs...)
	for _, m := range c.VolumeMounts {
		k.mount(t, pod, m, p.mounts[m.MountPath], places)
	}
	for name, value := range k.variables(t, c) {
		p.env[name] = places.Replace(value)
	}
	for _, arg := range c.Args {
		p.args = append(p.args, places.Replace(arg))
	}
	return p
}

func (k kubelet) mount(t *testing.T, pod corev1.PodSpec, m corev1.VolumeMount, path string, places *strings.Replacer) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, v := range pod.Volumes {
		if v.Name != m.Name {
			continue
		}
		var files map[string]string
		switch {
		case v.ConfigMap != nil:
			files = k.configMaps[v.ConfigMap.Name]
		case v.Secret != nil:
			files = k.secrets[v.Secret.SecretName]
		case v.HostPath != nil:
			return
		}
		if files == nil {
			t.Fatalf("volume %s has nothing to mount", v.Name)
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(path, name), []byte(places.Replace(content)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	t.Fatalf("no volume %s", m.Name)
}

func (k kubelet) variables(t *testing.T, c corev1.Container) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, from := range c.EnvFrom {
		for name, value := range k.secrets[from.SecretRef.Name] {
			values[name] = value
		}
	}
	given := map[string]bool{}
	for _, v := range c.Env {
		if given[v.Name] {
			t.Errorf("container %s has variable %s twice", c.Name, v.Name)
		}
		given[v.Name] = true
		switch {
		case v.ValueFrom == nil:
			values[v.Name] = v.Value
		case v.ValueFrom.SecretKeyRef != nil:
			ref := v.ValueFrom.SecretKeyRef
			value, ok := k.secrets[ref.Name][ref.Key]
			if !ok {
				t.Fatalf("variable %s wants key %s of Secret %s", v.Name, ref.Key, ref.Name)
			}
			values[v.Name] = value
		case v.ValueFrom.ResourceFieldRef != nil && v.ValueFrom.ResourceFieldRef.Resource == "limits.memory":
			values[v.Name] = strconv.FormatInt(c.Resources.Limits.Memory().Value(), 10)
		default:
			t.Fatalf("variable %s comes from %v", v.Name, v.ValueFrom)
		}
	}
	return values
}

// command is the process, or with args a command that somebody executes beside it.
func (p process) command(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if len(args) == 0 {
		args = p.args
	}
	return program.Command(ctx, t, binary, p.env, args...)
}

// end runs the process, or a command beside it, to its end.
func (p process) end(t *testing.T, code int, args ...string) (output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out bytes.Buffer
	cmd := p.command(ctx, t, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("%v, not exit code %d: %s", err, code, out.String())
	}
	return out.String()
}
