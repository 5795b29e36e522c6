package replay

import "context"

// ReaderWithLineage is a reader that knows the lineage of a branch's tip, as
// those of a backtest do.
func (r *Repository) ReaderWithLineage(ctx context.Context, tip string) (*Reader, error) {
	l, err := r.lineage(ctx, tip)
	if err != nil {
		return nil, err
	}
	reader, err := r.Reader(ctx, Options{})
	if err == nil {
		reader.lineage = func() *lineage { return l }
	}
	return reader, err
}

// LineageTells reports whether the reader needs no walk of git's for a change.
func (r *Reader) LineageTells(base, head string) bool {
	_, _, known := r.lineage().branchOf(r.objects, base, head)
	return known
}
