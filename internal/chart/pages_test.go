package chart_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	yamlBlock   = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	helmCommand = regexp.MustCompile(`(?m)^helm (?:install|upgrade) (?:.*\\\n)*.*$`)
)

// What the pages tell to set is rendered, and is what the program takes.
func TestTheValuesOfThePagesAreTaken(t *testing.T) {
	t.Parallel()
	for page, least := range map[string]int{"../../docs/kubernetes.md": 8, directory + "/README.md": 1} {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var all [][]string
		for _, block := range yamlBlock.FindAllStringSubmatch(string(content), -1) {
			all = append(all, values(t, block[1]))
		}
		for _, command := range helmCommand.FindAllString(string(content), -1) {
			words := strings.Fields(strings.NewReplacer("\\\n", " ", "'", "").Replace(command))
			if !slices.Contains(words, "charts/litellm-reconciler") {
				t.Errorf("%s: another chart in %s", page, command)
				continue
			}
			args := values(t, "") // what -f values.yaml and the values of before hold
			if words[1] == "install" && !slices.Contains(words, "-f") {
				args = nil
			}
			for i, word := range words {
				if strings.HasPrefix(word, "--set") {
					args = append(args, word, words[i+1])
				}
			}
			all = append(all, args)
		}
		if len(all) < least {
			t.Errorf("%s has %d values", page, len(all))
		}
		for i, args := range all {
			t.Run(fmt.Sprint(page, " ", i), func(t *testing.T) {
				t.Parallel()
				rendered := render(t, args...)
				for component, pod := range pods(t, rendered) {
					wantAccepted(t, component, pod.Spec, newKubelet(rendered, pretended))
				}
			})
		}
	}
}
