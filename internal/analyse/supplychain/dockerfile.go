package supplychain

import (
	"errors"
	"regexp"
	"strings"
)

// dockerfile compares the images that two versions build on.
func (a *analysis) dockerfile(e edit) error {
	was, wasArgs := imagesOf(e.base)
	is, isArgs := imagesOf(e.head)
	all, _, computed := compareRefs(was, is)
	a.found(e, all)
	// A default that changes can change every image that is computed.
	for _, image := range is {
		if strings.Contains(image, "$") && wasArgs != isArgs {
			computed = append(computed, image)
			break
		}
	}
	if len(computed) > 0 {
		return errors.New("it takes a base image from a build argument: " + strings.TrimPrefix(computed[0], "docker://"))
	}
	return nil
}

// imagesOf returns the images of a Dockerfile as "docker://IMAGE", stages and
// scratch left out, and its global arguments as written. Arguments in the name
// of a base image stand for their defaults in the file, which is what it says;
// whoever builds can give them another value, which is no change of the file.
// Source: https://docs.docker.com/reference/dockerfile/
func imagesOf(src []byte) (images []string, args string) {
	var global strings.Builder
	defaults := map[string]string{}
	stages := map[string]bool{"scratch": true}
	started := false
	add := func(image string) {
		image = strings.Trim(image, `"'`)
		if image != "" && !stages[strings.ToLower(image)] && strings.Trim(image, "0123456789") != "" {
			images = append(images, "docker://"+image)
		}
	}
	for _, line := range instructions(string(src)) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch strings.ToUpper(words[0]) {
		case "#SYNTAX":
			add(words[1])
		case "ARG":
			if started {
				continue
			}
			global.WriteString(strings.Join(words[1:], " ") + "\n")
			for _, w := range words[1:] {
				if name, value, ok := strings.Cut(w, "="); ok {
					defaults[name] = expand(strings.Trim(value, `"'`), defaults)
				} else {
					delete(defaults, name)
				}
			}
		case "FROM":
			started = true
			words = withoutFlags(words[1:])
			if len(words) == 0 {
				continue
			}
			add(expand(strings.Trim(words[0], `"'`), defaults))
			if len(words) >= 3 && strings.EqualFold(words[1], "as") {
				stages[strings.ToLower(words[2])] = true
			}
		case "COPY", "RUN", "ADD", "ONBUILD":
			for _, w := range words[1:] {
				if image, ok := strings.CutPrefix(w, "--from="); ok {
					add(image)
				} else if mount, ok := strings.CutPrefix(w, "--mount="); ok {
					for _, part := range strings.Split(mount, ",") {
						if image, ok := strings.CutPrefix(part, "from="); ok {
							add(image)
						}
					}
				}
			}
		}
	}
	return images, global.String()
}

// variable is "$NAME", "${NAME}" or "${NAME:-WORD}"; other forms are not
// replaced.
var variable = regexp.MustCompile(`\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^${}]*))?\})`)

// expand replaces the variables that have a value; one that has none, and no
// word in its place, stays.
func expand(text string, values map[string]string) string {
	if strings.Contains(text, `\`) {
		return text
	}
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		m := variable.FindStringSubmatch(v)
		switch value := values[m[1]+m[2]]; {
		case value != "":
			return value
		case m[4] != "":
			return m[4]
		}
		return v // whoever builds has to say
	})
}

func withoutFlags(words []string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		words = words[1:]
	}
	return words
}

// instructions joins continued lines and leaves out comments and the bodies
// of here-documents. The directive "# syntax=IMAGE" becomes "#SYNTAX IMAGE".
func instructions(src string) []string {
	var all []string
	escape := `\`
	var pending strings.Builder
	var ends []string // of here-documents that are open
	directives := true
	for raw := range strings.Lines(src) {
		raw = strings.TrimRight(raw, "\r\n")
		line := strings.TrimSpace(raw)
		if len(ends) > 0 {
			if strings.TrimLeft(raw, "\t") == ends[0] {
				ends = ends[1:]
			}
			continue
		}
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			if directives {
				name, value, _ := strings.Cut(comment, "=")
				switch value = strings.TrimSpace(value); strings.ToLower(strings.TrimSpace(name)) {
				case "syntax":
					if value != "" {
						all = append(all, "#SYNTAX "+value)
					}
				case "escape":
					if value == "`" {
						escape = value
					}
				}
			}
			continue
		}
		directives = false
		if line == "" {
			continue
		}
		if before, more := strings.CutSuffix(line, escape); more {
			pending.WriteString(before + " ")
			continue
		}
		pending.WriteString(line)
		full := pending.String()
		pending.Reset()
		all = append(all, full)
		ends = hereDocuments(full)
	}
	if pending.Len() > 0 {
		all = append(all, pending.String())
	}
	return all
}

// hereDocuments returns the ends of the here-documents that a line opens.
func hereDocuments(line string) []string {
	first, _, _ := strings.Cut(line, " ")
	switch strings.ToUpper(first) {
	case "RUN", "COPY", "ADD":
	default:
		return nil
	}
	var ends []string
	for _, w := range strings.Fields(line) {
		at := strings.Index(w, "<<")
		if at < 0 || strings.HasPrefix(w[at:], "<<<") {
			continue
		}
		if end := strings.Trim(strings.TrimPrefix(w[at+2:], "-"), `"'`); end != "" && wordByte(end[0]) {
			ends = append(ends, end)
		}
	}
	return ends
}
