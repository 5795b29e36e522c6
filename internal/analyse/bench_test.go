package analyse_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/policy/fact"
)

// BenchmarkLargestChange analyses a change of as many files as GitHub lists:
// 3,000, of the sizes that real ones have, half of them infrastructure that
// calls modules, and half Go.
func BenchmarkLargestChange(b *testing.B) {
	files, all := largest(3000)
	size := 0
	for _, m := range all.Base.Files {
		size += len(m.Value)
	}
	b.SetBytes(int64(2 * size))
	b.ReportAllocs()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var found fact.Findings
	for b.Loop() {
		c := all
		c.Rounds = 1
		analyse.Wants(files, everything, c)
		found = analyse.Analyse(files, c)
	}
	runtime.GC() // what is left are the findings
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(all)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "MB-kept")
	b.ReportMetric(float64(len(found.Terraform.Resources.Items)+len(found.Go.Functions.Items)), "findings/op")
}

// largest makes a change of n files, and all their contents.
func largest(n int) ([]fact.File, fact.Contents) {
	c := fact.Contents{}
	for _, s := range []*fact.Side{&c.Base, &c.Head} {
		*s = fact.Side{Files: map[string]fact.Maybe[[]byte]{}, Dirs: map[string]fact.Maybe[[]string]{}}
	}
	var files []fact.File
	plain := fact.Known(fact.Entry{Mode: "100644", Blob: "x"})
	for i := range n {
		dir, name, text := fmt.Sprintf("m%d", i/10), fmt.Sprintf("f%d", i%10), ""
		if i%2 == 0 {
			name += ".tf"
			text = fmt.Sprintf("module \"m\" {\n  source = \"../m%d\"\n}\n", (i/10+1)%(n/10)) + strings.Repeat("resource \"google_compute_instance\" \"a"+name[:2]+"\" {\n  size = N\n  labels = {\n    a = \"b\"\n  }\n}\n", 40)
		} else {
			name += ".go"
			text = "package p\n" + strings.Repeat("// F does it.\nfunc F(a int) (b string, err error) {\n\tif a > N {\n\t\treturn \"\", nil\n\t}\n\treturn g(a), nil\n}\n", 40)
		}
		for j := range 40 {
			text = strings.Replace(text, "N", fmt.Sprint(j), 1)
			text = strings.Replace(text, "\"af"+fmt.Sprint(i%10)+"\"", fmt.Sprintf("\"r%d_%d\"", i%10, j), 1)
			text = strings.Replace(text, "func F(", fmt.Sprintf("func F%d_%d(", i%10, j), 1)
		}
		p := dir + "/" + name
		files = append(files, fact.File{Path: p, Status: fact.Modified, Additions: 3, Deletions: 3, Base: plain, Head: plain})
		c.Base.Files[p] = fact.Known([]byte(text))
		c.Head.Files[p] = fact.Known([]byte(strings.ReplaceAll(strings.ReplaceAll(text, "size = 7", "size = 8"), "a > 7", "a > 8")))
		for _, s := range []*fact.Side{&c.Base, &c.Head} {
			d := s.Dirs[dir]
			d.Value = append(d.Value, name)
			s.Dirs[dir] = d
		}
	}
	return files, c
}
