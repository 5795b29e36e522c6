package fact

// Entry is what stands at a path in a commit's tree: git's mode and the
// object's SHA. The zero Entry means that nothing stands there.
type Entry struct {
	Mode string `json:"mode,omitempty"` // six digits: 100644, 100755, 120000, 160000, 040000; "" unknown or absent
	Blob string `json:"blob,omitempty"` // object SHA; "" absent
}

// The values of File.Status, as GitHub's compare and file list name them.
const (
	Added     = "added"
	Modified  = "modified"
	Removed   = "removed"
	Renamed   = "renamed"
	Copied    = "copied"
	Changed   = "changed" // type or mode
	Unchanged = "unchanged"
)

// File is one changed file of a pull request, between the merge base and the
// head.
type File struct {
	Path         string `json:"path"`
	PreviousPath string `json:"previous_path,omitempty"` // renames and copies only
	Status       string `json:"status"`
	Additions    int    `json:"additions"`
	Deletions    int    `json:"deletions"`
	// Patch is the unified diff's hunks as GitHub gives them, unknown where
	// GitHub leaves it out (binary, too large).
	Patch Maybe[string] `json:"patch,omitzero"`
	// Base and Head are the tree entries at the merge base and at the head,
	// unknown until they were asked for. GitHub's file list gives the head's
	// blob but not its mode.
	Base Maybe[Entry] `json:"base"`
	Head Maybe[Entry] `json:"head"`
}

// Paths returns every path that the change touches: both names of a rename.
func (f File) Paths() []string {
	if f.PreviousPath != "" && f.PreviousPath != f.Path && f.Status != Copied {
		return []string{f.PreviousPath, f.Path}
	}
	return []string{f.Path}
}

// Contents are the two versions of the files that an analysis asked for.
type Contents struct {
	Base Side // at the merge base
	Head Side // at the head
	// Rounds is how many times the analysis was asked what it needs, and given
	// it: what one reading shows can make it need more.
	Rounds int
}

// Side is what one commit holds of the paths that were asked for.
type Side struct {
	// Files maps a path to its bytes. An absent key was not asked for, and so
	// is unknown; a nil known value means that no file stands there (an empty
	// file is a known, non-nil, empty slice).
	Files map[string]Maybe[[]byte]
	// Dirs maps a directory ("" for the root) to the names of all files
	// directly in it; an absent key was not asked for.
	Dirs map[string]Maybe[[]string]
	// Links maps the paths in Files at which a symbolic link stands to what it
	// holds: the path that it leads to, from its own directory.
	Links map[string]Maybe[string]
}

// File returns the bytes at path; nil where no file stands there.
func (s Side) File(path string) Maybe[[]byte] {
	if v, ok := s.Files[path]; ok {
		return v
	}
	return Unknown[[]byte]("its content was not read")
}
