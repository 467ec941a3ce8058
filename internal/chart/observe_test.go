package chart_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

func TestMonitorsFindTheirPods(t *testing.T) {
	t.Parallel()
	all := render(t, example("available")...)
	m := one[monitoringv1.ServiceMonitor](t, all)
	service := one[corev1.Service](t, all)
	for key, value := range m.Spec.Selector.MatchLabels {
		if service.Labels[key] != value {
			t.Errorf("the Service has no label %s=%s", key, value)
		}
	}
	e := m.Spec.Endpoints[0]
	if e.Port != service.Spec.Ports[0].Name || e.Path != "/metrics" || e.Interval != "30s" || m.Labels["release"] != "kube-prometheus-stack" {
		t.Errorf("%+v", m)
	}
	if !service.Spec.PublishNotReadyAddresses || service.Spec.ClusterIP != "None" {
		t.Errorf("a copy that is not ready is not found: %+v", service.Spec)
	}
	all = render(t, append(example("tls"), "--set", "job.enabled=true")...)
	for component, pod := range pods(t, all) {
		selector := one[monitoringv1.PodMonitor](t, all).Spec.Selector.MatchLabels
		if labels.SelectorFromSet(selector).Matches(labels.Set(pod.Labels)) != (component == "daemon") {
			t.Errorf("the PodMonitor's selector and the pod of %s: %v and %v", component, selector, pod.Labels)
		}
	}
}

func TestTheNetworkPolicyLetsThroughWhatTheValuesName(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want []int32 // ports out, beside DNS
	}{
		"a URL":                {values(t, ""), []int32{5432}},
		"a Pushgateway":        {example("cronjob"), []int32{5432, 9091}},
		"a writer's port":      {bare(t, "database: {writer: {host: h, port: 6432, dbname: d}}"), []int32{6432}},
		"the port of its host": {bare(t, `database: {writer: {host: "h:7432", dbname: d}}`), []int32{7432}},
		"an endpoint":          {bare(t, `db: {endpoint: "h:6432"}`), []int32{6432}},
		"IPv6":                 {bare(t, `db: {endpoint: "2001:db8::1"}`), []int32{5432}},
		"web servers": {values(t, `config: {litellm: {url: "http://litellm/x:1"}, metrics: {pushgateway_url: "https://gateway"}}`),
			[]int32{5432, 80, 443}},
		"ports that are given": {values(t, "networkPolicy: {databasePorts: [1, 2], extraEgress: [{ports: [{port: 3}]}]}"), []int32{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := one[networkingv1.NetworkPolicy](t, render(t, append(test.args, "--set", "networkPolicy.enabled=true")...))
			var out []int32
			for _, rule := range p.Spec.Egress[1:] {
				for _, port := range rule.Ports {
					out = append(out, port.Port.IntVal)
				}
			}
			if diff := cmp.Diff(test.want, out); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheNetworkPolicyClosesBothWaysForAllPodsButDNS(t *testing.T) {
	t.Parallel()
	all := render(t, append(example("everything"), "--set", "config.web.listen_address=")...)
	p := one[networkingv1.NetworkPolicy](t, all).Spec
	for component, pod := range pods(t, all) {
		if !labels.SelectorFromSet(p.PodSelector.MatchLabels).Matches(labels.Set(pod.Labels)) {
			t.Errorf("not of %s", component)
		}
	}
	if want := []networkingv1.PolicyType{"Ingress", "Egress"}; !slices.Equal(p.PolicyTypes, want) || len(p.Ingress) > 0 {
		t.Errorf("%+v", p)
	}
	dns := map[string]bool{}
	for _, port := range p.Egress[0].Ports {
		dns[string(*port.Protocol)+" "+port.Port.String()] = true
	}
	if want := map[string]bool{"UDP 53": true, "TCP 53": true, "UDP 5353": true, "TCP 5353": true}; !maps.Equal(dns, want) || len(p.Egress[0].To) > 0 {
		t.Errorf("DNS: %v", p.Egress[0])
	}
}

func TestTheNetworkPolicyLetsInWhoScrapes(t *testing.T) {
	t.Parallel()
	closed := one[networkingv1.NetworkPolicy](t, render(t, example("available")...)).Spec
	if len(closed.Ingress) != 1 || closed.Ingress[0].Ports[0].Port.IntVal != 9464 || len(closed.Ingress[0].From) != 1 || len(closed.Egress[1].To) != 1 {
		t.Errorf("%+v", closed)
	}
	if in := one[networkingv1.NetworkPolicy](t, render(t, example("cronjob")...)).Spec.Ingress; len(in) > 0 {
		t.Errorf("a CronJob is reached by %v", in)
	}
}

func TestAlertsAndDashboardAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	all := render(t, example("available")...)
	groups := one[monitoringv1.PrometheusRule](t, all).Spec.Groups
	wantRules(t, groups)
	last := &groups[len(groups)-1]
	alert := last.Rules[len(last.Rules)-1].Alert
	fewer := one[monitoringv1.PrometheusRule](t, render(t, append(example("available"), "--set", "prometheusRule.disabled={"+alert+"}")...))
	last.Rules = last.Rules[:len(last.Rules)-1]
	if diff := cmp.Diff(groups, fewer.Spec.Groups); diff != "" {
		t.Errorf("without %s (-want +got):\n%s", alert, diff)
	}
	first := last.Rules[1].Alert // after the rule that is recorded
	last.Rules = append(last.Rules[:1:1], last.Rules[2:]...)
	fewer = one[monitoringv1.PrometheusRule](t, render(t, append(example("available"), "--set", "prometheusRule.disabled={"+first+","+alert+"}")...))
	if diff := cmp.Diff(groups, fewer.Spec.Groups); diff != "" {
		t.Errorf("without %s and %s (-want +got):\n%s", first, alert, diff)
	}
	board := called[corev1.ConfigMap](t, all, fullname+"-dashboard")
	want, err := os.ReadFile(filepath.Join(directory, "dashboards/litellm-reconciler.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), strings.TrimSpace(board.Data["litellm-reconciler.json"])); diff != "" {
		t.Errorf("dashboard (-file +rendered):\n%s", diff)
	}
	if board.Labels["grafana_dashboard"] != "1" || board.Annotations["grafana_folder"] != "LiteLLM" {
		t.Errorf("%+v", board.ObjectMeta)
	}
}

func TestAlertsLeadToTheRunbookAndKnowTheSchedule(t *testing.T) {
	t.Parallel()
	const page = "https://git.example.com/litellm-reconciler/docs/runbook.md"
	asIs := one[monitoringv1.PrometheusRule](t, render(t, example("available")...)).Spec.Groups
	got := one[monitoringv1.PrometheusRule](t, render(t, example("cronjob-textfile")...)).Spec.Groups
	waits := 0
	for g, group := range got {
		for r, rule := range group.Rules {
			before := asIs[g].Rules[r]
			if want := page + "#" + strings.ToLower(rule.Alert); rule.Alert != "" && rule.Annotations["runbook_url"] != want {
				t.Errorf("%s leads to %s, not %s", rule.Alert, rule.Annotations["runbook_url"], want)
			}
			if rule.Expr == before.Expr {
				continue
			}
			waits++
			if want := strings.ReplaceAll(before.Expr.StrVal, "> 7200", "> 180000"); rule.Expr.StrVal != want || rule.Alert != "LiteLLMReconcilerNoSuccessfulPass" {
				t.Errorf("%s became %s", before.Expr.StrVal, rule.Expr.StrVal)
			}
		}
	}
	if waits != 1 {
		t.Errorf("%d alerts know of the schedule", waits)
	}
}

func TestLabelsAndAnnotationsReachWhatPrometheusSelects(t *testing.T) {
	t.Parallel()
	const own = "{enabled: true, labels: {release: p}, annotations: {example.com/owner: platform}"
	for _, kind := range []string{"serviceMonitor", "podMonitor"} {
		all := render(t, values(t, kind+": "+own+", endpoint: {path: /other, scrapeTimeout: 3s}}\nprometheusRule: "+own+"}")...)
		found := 0
		for _, object := range all {
			switch m := object.(type) {
			case *monitoringv1.ServiceMonitor:
				if e := m.Spec.Endpoints[0]; e.Path != "/other" || e.Port != "http" || e.ScrapeTimeout != "3s" {
					t.Errorf("%+v", e)
				}
			case *monitoringv1.PodMonitor:
				if e := m.Spec.PodMetricsEndpoints[0]; e.Path != "/other" || e.Port == nil || *e.Port != "http" || e.ScrapeTimeout != "3s" {
					t.Errorf("%+v", e)
				}
			case *monitoringv1.PrometheusRule:
			default:
				continue
			}
			found++
			if object.GetLabels()["release"] != "p" || object.GetAnnotations()["example.com/owner"] != "platform" {
				t.Errorf("%T: %v %v", object, object.GetLabels(), object.GetAnnotations())
			}
		}
		if found != 2 {
			t.Errorf("%s: %d objects", kind, found)
		}
	}
}

// wantRules wants the rules as they are in the file: what looks like a template in them is Prometheus's.
func wantRules(t *testing.T, got []monitoringv1.RuleGroup) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(directory, "rules/alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var want monitoringv1.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict(content, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Groups, got); diff != "" || len(got) == 0 {
		t.Errorf("rules (-file +rendered):\n%s", diff)
	}
}
