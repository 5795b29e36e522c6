package github

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// maxContent bounds the files whose content is read: GitHub's own bound for
// giving it at all.
// https://docs.github.com/rest/repos/contents#get-repository-content
const maxContent = 1 << 20

// maxBlobCalls bounds the files of one reading that need a call of their own.
const maxBlobCalls = 60

// usable reports whether the text is the blob to the byte: GitHub leaves out
// what is binary, cuts what is long, and recodes what is no UTF-8.
func (b blobFields) usable(sha string) bool {
	return b.Text != nil && !b.IsTruncated && blobSHA([]byte(*b.Text), sha) == sha
}

func tooLarge(n int) string {
	return fmt.Sprintf("it has %d bytes, and rolecall reads %d", n, maxContent)
}

// blobSHA is git's name for content, in the hash that like is in.
func blobSHA(content []byte, like string) string {
	head := fmt.Sprintf("blob %d\x00", len(content))
	if len(like) == 2*sha256.Size {
		h := sha256.New()
		h.Write([]byte(head))
		h.Write(content)
		return hex.EncodeToString(h.Sum(nil))
	}
	h := sha1.New()
	h.Write([]byte(head))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// text is a blob's content, from what a query said of it where that will do.
func (c *Client) text(ctx context.Context, owner, repo, sha string, b blobFields) (fact.Maybe[[]byte], error) {
	switch {
	case b.usable(sha):
		return fact.Known([]byte(*b.Text)), nil
	case b.ByteSize > maxContent:
		return fact.Unknown[[]byte](tooLarge(b.ByteSize)), nil
	}
	return c.blob(ctx, owner, repo, sha)
}

// blob reads one blob. One that is too large or that GitHub will not give is
// unknown; a failure that may be over soon is an error.
func (c *Client) blob(ctx context.Context, owner, repo, sha string) (fact.Maybe[[]byte], error) {
	key := blobKey{c.scope(owner, repo), sha}
	if b, ok := c.app.cache.blobs.get(key); ok {
		return fact.Known(b), nil
	}
	var got *github.Blob
	err := c.do(ctx, "blob", true, func(ctx context.Context) (resp *github.Response, err error) {
		got, resp, err = c.rest.Git.GetBlob(ctx, owner, repo, sha)
		return resp, err
	})
	var e *Error
	switch {
	case errors.As(err, &e) && !e.Temporary() && e.Kind != Unauthorized && ctx.Err() == nil:
		return fact.Unknown[[]byte]("GitHub does not give it (" + string(e.Kind) + ")"), nil
	case err != nil:
		return fact.Maybe[[]byte]{}, err
	}
	if got.GetSize() > maxContent {
		return fact.Unknown[[]byte](tooLarge(got.GetSize())), nil
	}
	content := decoded(got)
	if blobSHA(content, sha) != sha {
		return fact.Unknown[[]byte]("what GitHub gave is not what its SHA names"), nil
	}
	c.app.cache.blobs.put(key, content, len(content)+256)
	return fact.Known(content), nil
}

// decoded is a blob's bytes; nil where they are not what their encoding says.
func decoded(b *github.Blob) []byte {
	if b.GetEncoding() != "base64" {
		return []byte(b.GetContent())
	}
	content, err := base64.StdEncoding.DecodeString(b.GetContent())
	if err != nil {
		return nil
	}
	return content
}
