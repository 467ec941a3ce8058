package chart_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// wantRestricted wants a pod that the Pod Security Standard "restricted" admits,
// but for a hostPath where that is said, and that gets nothing of Kubernetes.
func wantRestricted(t *testing.T, component string, pod corev1.PodSpec, hostPath bool) {
	t.Helper()
	want := func(ok bool, what string) {
		if !ok {
			t.Errorf("%s: not %s", component, what)
		}
	}
	is := func(b *bool, value bool) bool { return b != nil && *b == value }

	want(!pod.HostNetwork && !pod.HostPID && !pod.HostIPC, "in the node's namespaces")
	want(is(pod.AutomountServiceAccountToken, false), "without a token")
	want(is(pod.EnableServiceLinks, false), "without variables of the namespace's Services")
	for _, v := range pod.Volumes {
		want(v.ConfigMap != nil || v.Secret != nil || hostPath && v.HostPath != nil, "a volume that is admitted: "+v.Name)
	}
	c := pod.SecurityContext
	want(c != nil && is(c.RunAsNonRoot, true) && c.RunAsUser != nil && *c.RunAsUser == 65532, "user 65532")
	want(c != nil && c.SeccompProfile != nil && c.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault, "under the runtime's seccomp profile")
	want(len(programs(pod)) > 0, "the program")
	for _, container := range append(programs(pod), pod.Containers...) {
		s := container.SecurityContext
		if s == nil {
			t.Errorf("%s: container %s has no security context", component, container.Name)
			continue
		}
		want(is(s.AllowPrivilegeEscalation, false), "kept from more privileges: "+container.Name)
		want(s.Capabilities != nil && slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(s.Capabilities.Add) == 0,
			"without capabilities: "+container.Name)
		want(is(s.ReadOnlyRootFilesystem, true), "on a read-only file system: "+container.Name)
		want(s.Privileged == nil && s.RunAsUser == nil && s.SeccompProfile == nil, "as the pod says: "+container.Name)
		for _, port := range container.Ports {
			want(port.HostPort == 0, "off the node's ports: "+container.Name)
		}
		want(container.Command == nil, "started by the image's entrypoint: "+container.Name)
	}
}
