package cli

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"litellm-reconciler/pkg/impact"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// planTeam is a line of a plan in JSON. Its names are an interface: some are
// added to it, and none changes its meaning.
type planTeam struct {
	Team    string      `json:"team"`
	Alias   string      `json:"team_alias"`
	Kinds   []plan.Kind `json:"kinds"`
	Action  string      `json:"action"`
	Row     *string     `json:"row"` // as it is: null for none, and the one that is copied
	Before  []string    `json:"before"`
	After   []string    `json:"after"`
	Added   []planEntry `json:"added"`
	Removed []planEntry `json:"removed"`
	Kept    []planEntry `json:"kept"`
}

type planEntry struct {
	Server string      `json:"server"`
	Name   string      `json:"name,omitempty"` // where LiteLLM's table has the server
	Groups []planGroup `json:"groups,omitempty"`
	Owned  *bool       `json:"owned,omitempty"`
}

type planGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type planKey struct {
	Key     string   `json:"key"`
	Effects []string `json:"effects"`
	Native  []string `json:"effects_from_v1_88"`
	Before  []string `json:"before"`
	After   []string `json:"after"`
}

// planJSON writes a team a line, and so needs none of the others.
type planJSON struct {
	*planTotals
	*spool
	keys   bool
	before string // what separates the next team from what was written
	listed string // the same for keys
	open   bool
}

const planJSONHead = "{\n\"teams\": ["

func (v *planJSON) Team(r *litellm.Registry, t *reconcile.TeamPreview) {
	v.begin(t)
	c, names := t.Change, nameBook{registry: r}
	team := planTeam{
		Team: t.ID, Alias: t.Alias, Kinds: c.Kinds, Action: string(t.Action), After: c.After,
		Added: []planEntry{}, Removed: []planEntry{}, Kept: []planEntry{},
	}
	if t.Action != ledger.Created {
		team.Row, team.Before = t.RowID, append([]string{}, c.Before...)
	}
	for i, s := range c.Added {
		e := planEntry{Server: s, Name: names.server(s)}
		for _, id := range t.GrantedBy[i] {
			name, _, _ := r.Group(id)
			e.Groups = append(e.Groups, planGroup{id, name})
		}
		team.Added = append(team.Added, e)
	}
	for _, s := range c.Removed {
		team.Removed = append(team.Removed, planEntry{Server: s, Name: names.server(s)})
	}
	for _, s := range t.Kept() {
		owned := slices.Contains(c.Owned, s)
		team.Kept = append(team.Kept, planEntry{Server: s, Name: names.server(s), Owned: &owned})
	}
	if v.before == "" {
		v.before = planJSONHead
	}
	v.print(v.before + "\n" + strings.TrimSuffix(compact(team), "}") + `,"keys":{`)
	if v.before, v.open = ",", true; v.keys {
		v.listed = `"list":[`
	}
}

func (v *planJSON) Key(k reconcile.KeyPreview) {
	v.add(k)
	if !v.keys {
		return
	}
	v.print(v.listed + compact(planKey{
		Key: k.Label, Effects: namesOf(k.Effect), Native: namesOf(k.Native),
		Before: append([]string{}, k.Before.Sorted()...), After: append([]string{}, k.After.Sorted()...),
	}))
	v.listed = ","
}

func (v *planJSON) End() {
	switch v.listed {
	case ",":
		v.print("],")
	case "":
	default:
		v.print(v.listed + "],")
	}
	v.print(strings.TrimPrefix(compact(v.team), "{") + "}")
	v.open = false
}

func (v *planJSON) finish(s planSummary) {
	if v.open { // an error came in between
		v.End()
	}
	if v.before == "" {
		v.print(planJSONHead)
	}
	var indented bytes.Buffer
	_ = json.Indent(&indented, []byte(compact(s)), "", "  ") // is JSON
	v.print("\n],\n\"summary\": " + indented.String() + "\n}\n")
}

// compact is JSON in a line. What is shown here always has one.
func compact(value any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	return strings.TrimSuffix(b.String(), "\n")
}

func namesOf(e impact.Effect) []string {
	list := []string{}
	for _, single := range e.Split() {
		list = append(list, single.String())
	}
	return list
}
