package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Load merges the sources of every key: a flag that was given, else the environment, else the file, else the default.
// The file is the one at path, or the one [FileEnv] names where path is empty; no other place is searched. An empty
// environment variable counts as not set. A nil fs stands for no flags.
func Load(fs *pflag.FlagSet, getenv func(string) string, path string) (Config, error) {
	var p problems
	if path == "" {
		path = getenv(FileEnv)
	}
	file := map[string]any{}
	if path != "" {
		file = readFile(path, &p)
	}

	// The environment is merged over the file instead of being left to viper, which can read the process's own only.
	v := viper.New()
	for _, layer := range []map[string]any{file, readEnv(getenv, &p)} {
		if err := v.MergeConfigMap(layer); err != nil {
			return Config{}, fmt.Errorf("merging configuration: %w", err)
		}
	}
	for _, k := range Keys() {
		v.SetDefault(k.Name, k.Default)
		if fs == nil || fs.Lookup(k.Flag()) == nil { // a command may do without some flags
			continue
		}
		if err := v.BindPFlag(k.Name, fs.Lookup(k.Flag())); err != nil {
			return Config{}, fmt.Errorf("binding flag --%s: %w", k.Flag(), err)
		}
		// As in --teams-include "$UNSET": taken as no restriction, it would
		// select every team.
		if flag := fs.Lookup(k.Flag()); strings.HasSuffix(k.Name, ".include") && flag.Changed && len(v.GetStringSlice(k.Name)) == 0 {
			p.addf("--%s is empty, name at least one or leave it out", k.Flag())
		}
	}
	if err := p.err(); err != nil {
		return Config{}, err
	}

	var c Config
	if err := v.UnmarshalExact(&c); err != nil {
		return Config{}, fmt.Errorf("decoding configuration: %w", err)
	}
	return c, nil
}

func readEnv(getenv func(string) string, p *problems) map[string]any {
	values := map[string]any{}
	for _, k := range Keys() {
		text := getenv(k.Env())
		if text == "" {
			continue
		}
		value, err := k.parse(text)
		if err != nil {
			p.addf("%s must be %s", k.Env(), k.Kind())
			continue
		}
		values[k.Name] = value
	}
	return values
}

// problems collects what is wrong, so that it can be said, and mended, all at once.
type problems []string

func (p *problems) addf(format string, args ...any) {
	*p = append(*p, fmt.Sprintf(format, args...))
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return errors.New(strings.Join(p, "; "))
}
