package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheDocumentationLinksToWhatIsThere follows every link between the pages of
// the repository: the file has to be there, and the heading in it. It also finds
// pages of docs that no page leads to.
func TestTheDocumentationLinksToWhatIsThere(t *testing.T) {
	t.Parallel()
	pages := readPages(t, "../..")
	linked := map[string]bool{}
	for page, text := range pages {
		for _, found := range link.FindAllStringSubmatch(prose(text), -1) {
			target := found[1]
			if strings.Contains(target, ":") {
				continue // another site
			}
			file, anchor, _ := strings.Cut(target, "#")
			path := page
			if file != "" {
				path = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s: %v", page, target, err)
			} else if anchor != "" && !anchors(pages[path])[anchor] {
				t.Errorf("%s links to %s: no such heading", page, target)
			}
			if path != page {
				linked[path] = true
			}
		}
	}
	for page := range pages {
		if filepath.Dir(page) == filepath.Clean("../../docs") && !linked[page] {
			t.Errorf("no page leads to %s", page)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	inline  = regexp.MustCompile("`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// readPages reads the Markdown files of a directory and those below it, but
// nothing that is built, downloaded or hidden.
func readPages(t *testing.T, root string) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			name := d.Name()
			if hidden := strings.HasPrefix(name, ".") && path != root && name != ".github"; hidden || name == "bin" || name == "dist" || name == "node_modules" {
				return filepath.SkipDir
			}
		case filepath.Ext(path) == ".md":
			text, err := os.ReadFile(path)
			pages[path] = string(text)
			return err
		}
		return nil
	})
	if err != nil || len(pages) < 10 {
		t.Fatalf("read %d pages: %v", len(pages), err)
	}
	return pages
}

// prose is a page without its code.
func prose(text string) string {
	return inline.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
}

// anchors are those that GitHub makes of a page's headings.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		slug := strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")
		name := slug
		for n := 1; found[name]; n++ {
			name = fmt.Sprintf("%s-%d", slug, n)
		}
		found[name] = true
	}
	return found
}

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	t.Parallel()
	found := anchors("# One, `two_three` & four?\n\n```sh\n# no heading\n```\n## Again\n### Again\n")
	for _, want := range []string{"one-two_three--four", "again", "again-1"} {
		if !found[want] {
			t.Errorf("no %q in %v", want, found)
		}
	}
	if len(found) != 3 {
		t.Errorf("found %v", found)
	}
}
