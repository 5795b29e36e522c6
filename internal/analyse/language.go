package analyse

import (
	"path"
	"strings"

	"github.com/rolecall/rolecall/internal/analyse/golang"
	"github.com/rolecall/rolecall/internal/analyse/supplychain"
	"github.com/rolecall/rolecall/internal/analyse/terraform"
)

// Languages that are told by a file's ending, beside those that an analysis
// of its own knows.
var languages = map[string]string{
	".bash": "shell", ".bat": "batch", ".bzl": "starlark", ".c": "c", ".cc": "c++", ".cpp": "c++", ".cs": "c#",
	".css": "css", ".cxx": "c++", ".dart": "dart", ".fish": "shell", ".gradle": "groovy", ".groovy": "groovy",
	".h": "c", ".hh": "c++", ".hpp": "c++", ".htm": "html", ".html": "html", ".ini": "ini", ".java": "java",
	".js": "javascript", ".json": "json", ".jsonnet": "jsonnet", ".jsx": "javascript", ".kt": "kotlin",
	".lua": "lua", ".m": "objective-c", ".markdown": "markdown", ".md": "markdown", ".mjs": "javascript",
	".mm": "objective-c", ".php": "php", ".pl": "perl", ".proto": "protobuf", ".ps1": "powershell",
	".py": "python", ".rb": "ruby", ".rego": "rego", ".rs": "rust", ".s": "assembly", ".scala": "scala",
	".scss": "css", ".sh": "shell", ".sql": "sql", ".star": "starlark", ".svg": "svg", ".swift": "swift",
	".toml": "toml", ".ts": "typescript", ".tsx": "typescript", ".txt": "text", ".xml": "xml", ".yaml": "yaml",
	".yml": "yaml", ".zsh": "shell",
}

var languagesByName = map[string]string{
	"build": "starlark", "build.bazel": "starlark", "gemfile": "ruby", "jenkinsfile": "groovy",
	"makefile": "make", "rakefile": "ruby", "workspace": "starlark",
}

// language names the language of a path, "" where its name does not tell.
func language(n name) string {
	switch {
	case terraform.Is(n.folded):
		return "terraform"
	case golang.Source(n.folded):
		return "go"
	case supplychain.Dockerfile(n.folded):
		return "dockerfile"
	}
	base := strings.ToLower(path.Base(n.folded))
	if l, ok := languagesByName[base]; ok {
		return l
	}
	return languages[path.Ext(base)]
}
