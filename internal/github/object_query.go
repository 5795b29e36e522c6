package github

import (
	"fmt"
	"strings"
)

// objectAnswer is what one file, or the root, answers.
type objectAnswer struct {
	Mode    int            `json:"mode"`
	Oid     string         `json:"oid"`
	Object  *contentAnswer `json:"object"`
	Entries []entryAnswer  `json:"entries"` // of the root's tree
}

type contentAnswer struct {
	blobFields
	Entries []entryAnswer `json:"entries"` // of a directory
}

type entryAnswer struct {
	Name   string         `json:"name"`
	Mode   int            `json:"mode"`
	Oid    string         `json:"oid"`
	Object *contentAnswer `json:"object"`
}

const (
	entryFragment   = "fragment E on TreeEntry{mode oid}"
	contentFragment = "fragment B on TreeEntry{mode oid object{...on Blob{byteSize isTruncated text}}}"
	namesFragment   = "fragment N on TreeEntry{mode oid object{...on Tree{entries{name mode oid}}}}"
	listFragment    = "fragment L on TreeEntry{mode oid object{...on Blob{byteSize isTruncated text}...on Tree{entries{name mode oid object{...on Blob{byteSize isTruncated text}}}}}}"
	rootNames       = "tree{entries{name mode oid}}"
	rootList        = "tree{entries{name mode oid object{...on Blob{byteSize isTruncated text}}}}"
)

// objectQuery writes the query for asks, which are sorted by commit. Paths
// and SHAs travel as variables only.
func objectQuery(asks []Ask) (string, map[string]any) {
	var params, body strings.Builder
	vars := map[string]any{}
	fragments := map[string]bool{}
	commits := 0
	for i, a := range asks {
		if i == 0 || a.Commit != asks[i-1].Commit {
			if i > 0 {
				body.WriteString("}}")
			}
			fmt.Fprintf(&params, "$c%d:GitObjectID!", commits)
			fmt.Fprintf(&body, "c%d:object(oid:$c%d){...on Commit{", commits, commits)
			vars[fmt.Sprintf("c%d", commits)] = a.Commit
			commits++
		}
		if a.List && a.Path == "" {
			fields := rootNames
			if a.Content {
				fields = rootList
			}
			fmt.Fprintf(&body, "f%d:%s ", i, fields)
			continue
		}
		name, text := "E", entryFragment
		switch {
		case a.List && a.Content:
			name, text = "L", listFragment
		case a.List:
			name, text = "N", namesFragment
		case a.Content:
			name, text = "B", contentFragment
		}
		fragments[text] = true
		fmt.Fprintf(&params, "$p%d:String!", i)
		fmt.Fprintf(&body, "f%d:file(path:$p%d){...%s}", i, i, name)
		vars[fmt.Sprintf("p%d", i)] = a.Path
	}
	q := "query($owner:String!$name:String!" + params.String() + "){repository(owner:$owner,name:$name){" + body.String() + "}}}}"
	for _, f := range []string{entryFragment, contentFragment, namesFragment, listFragment} {
		if fragments[f] {
			q += " " + f
		}
	}
	return q, vars
}
