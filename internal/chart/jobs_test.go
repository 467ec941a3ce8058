package chart_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

func TestACronJobRepairsOnceAndOneAtATime(t *testing.T) {
	t.Parallel()
	all := render(t, append(example("cronjob-textfile"), "--set", "extraArgs={--dry-run}", "--set", "cronjob.suspend=true")...)
	spec := one[batchv1.CronJob](t, all).Spec
	job := spec.JobTemplate.Spec
	if spec.ConcurrencyPolicy != batchv1.ForbidConcurrent || spec.Schedule != "0 2 * * *" || *spec.TimeZone != "Europe/Berlin" || !*spec.Suspend ||
		*spec.StartingDeadlineSeconds != 240 || *spec.SuccessfulJobsHistoryLimit != 1 || *spec.FailedJobsHistoryLimit != 3 {
		t.Errorf("%+v", spec)
	}
	if *job.ActiveDeadlineSeconds != 1800 || *job.BackoffLimit != 0 || job.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("%+v", job)
	}
	c := job.Template.Spec.Containers[0]
	if !slices.Equal(c.Args, []string{"--once", "--dry-run"}) || len(c.Ports) > 0 || c.LivenessProbe != nil {
		t.Errorf("%+v", c)
	}
	if len(every[corev1.Service](all))+len(every[appsv1.Deployment](all)) > 0 {
		t.Error("there is a daemon as well")
	}
}

func TestJobsAreHooksThatAWrongConfigurationEndsAtOnce(t *testing.T) {
	t.Parallel()
	all := render(t, append(example("migrations"), "--set", "job.enabled=true")...)
	for suffix, events := range map[string]string{"-job": "post-install,post-upgrade", "-migrations": "pre-install,pre-upgrade"} {
		job := called[batchv1.Job](t, all, fullname+suffix)
		if job.Annotations["helm.sh/hook"] != events || job.Annotations["helm.sh/hook-delete-policy"] != "before-hook-creation" {
			t.Errorf("%s: %v", job.Name, job.Annotations)
		}
		rule := job.Spec.PodFailurePolicy.Rules[0]
		if rule.Action != batchv1.PodFailurePolicyActionFailJob || !slices.Equal(rule.OnExitCodes.Values, []int32{3, 64}) ||
			job.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyNever || *job.Spec.BackoffLimit != 2 || *job.Spec.TTLSecondsAfterFinished != 86400 {
			t.Errorf("%s: %+v", job.Name, job.Spec)
		}
	}
	if args := pods(t, all)["job"].Spec.Containers[0].Args; !slices.Equal(args, []string{"--once"}) {
		t.Errorf("arguments %v", args)
	}
}

func TestEachKindOfJobHasItsOwnValues(t *testing.T) {
	t.Parallel()
	all := render(t, values(t, `
mode: cronjob
replicas: 2
annotations: {example.com/owner: platform}
cronjob: {startingDeadlineSeconds: 11, activeDeadlineSeconds: 12, successfulJobsHistoryLimit: 13, failedJobsHistoryLimit: 14}
job: {enabled: true, args: [--once, --allow-revokes], activeDeadlineSeconds: 15, backoffLimit: 16}
migrations: {enabled: true, activeDeadlineSeconds: 17, backoffLimit: 18}`)...)
	c := one[batchv1.CronJob](t, all)
	if s := c.Spec; *s.StartingDeadlineSeconds != 11 || *s.JobTemplate.Spec.ActiveDeadlineSeconds != 12 || *s.SuccessfulJobsHistoryLimit != 13 || *s.FailedJobsHistoryLimit != 14 {
		t.Errorf("%+v", s)
	}
	if c.Annotations["example.com/owner"] != "platform" {
		t.Errorf("annotations %v", c.Annotations)
	}
	job, migrations := called[batchv1.Job](t, all, fullname+"-job"), called[batchv1.Job](t, all, fullname+"-migrations")
	if *job.Spec.ActiveDeadlineSeconds != 15 || *job.Spec.BackoffLimit != 16 || !slices.Equal(job.Spec.Template.Spec.Containers[0].Args, []string{"--once", "--allow-revokes"}) {
		t.Errorf("%+v", job.Spec)
	}
	if *migrations.Spec.ActiveDeadlineSeconds != 17 || *migrations.Spec.BackoffLimit != 18 {
		t.Errorf("%+v", migrations.Spec)
	}
	if len(every[policyv1.PodDisruptionBudget](all)) > 0 {
		t.Error("a budget for the pods of a CronJob")
	}
}

// Before an install there is only what is a hook itself and comes first.
func TestMigrationsNeedNothingThatComesLater(t *testing.T) {
	t.Parallel()
	all := render(t, example("migrations")...)
	pod := pods(t, all)["migrations"].Spec
	settings := called[corev1.ConfigMap](t, all, pod.Volumes[0].ConfigMap.Name)
	if settings.Annotations["helm.sh/hook"] != "pre-install,pre-upgrade" || settings.Annotations["helm.sh/hook-weight"] != "-1" ||
		settings.Annotations["helm.sh/hook-delete-policy"] != "before-hook-creation,hook-succeeded" {
		t.Errorf("the ConfigMap is not there in time, or for too long: %v", settings.Annotations)
	}
	if diff := cmp.Diff(called[corev1.ConfigMap](t, all, fullname).Data, settings.Data); diff != "" {
		t.Errorf("another configuration: %s", diff)
	}
	if pod.ServiceAccountName != "default" {
		t.Errorf("account %s is not there in time", pod.ServiceAccountName)
	}
	up, triggers := pod.InitContainers[0].Args, pod.Containers[0].Args
	if !slices.Equal(up, []string{"migrate", "up"}) || !slices.Equal(triggers, []string{"migrate", "triggers", "install"}) {
		t.Errorf("%v, then %v", up, triggers)
	}
	given := render(t, append(example("migrations-url"), "--set", "serviceAccount.create=false,serviceAccount.name=given")...)
	pod = pods(t, given)["migrations"].Spec
	if pod.ServiceAccountName != "given" || !slices.Equal(pod.Containers[0].Args, []string{"migrate", "up"}) || len(pod.InitContainers) > 0 {
		t.Errorf("%+v", pod)
	}
}
