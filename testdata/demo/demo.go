// Package demo embeds the sample repository that `rolecall demo` plays with:
// the files of the default branch below base, and those that the sample pull
// request adds or changes below head. It holds data and nothing else.
package demo

import "embed"

// FS holds base/ and head/.
//
//go:embed all:base all:head
var FS embed.FS
