package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// ExternalID is what rolecall keeps in a check run's external_id: enough to
// tell, from GitHub alone, which decision the run shows.
type ExternalID struct {
	Number int // of the pull request; 0 for a merge group
	// Generation rises with every decision on the pull request, so that a
	// stale write is recognised by its own echo.
	Generation int64
	// Digest covers everything that the run shows.
	Digest string
}

const externalIDVersion = "rolecall1"

// String is the form in which GitHub keeps it: "rolecall1:NUMBER:GENERATION:DIGEST".
func (e ExternalID) String() string {
	return fmt.Sprintf("%s:%d:%d:%s", externalIDVersion, e.Number, e.Generation, e.Digest)
}

// ParseExternalID reads what String wrote. Anything else is an error, such as
// the external_id of somebody else's check run.
func ParseExternalID(s string) (ExternalID, error) {
	fail := func() (ExternalID, error) { return ExternalID{}, fmt.Errorf("external_id %.80q is not rolecall's", s) }
	parts := strings.Split(s, ":")
	if len(parts) != 4 || parts[0] != externalIDVersion {
		return fail()
	}
	number, err := strconv.Atoi(parts[1])
	if err != nil || number < 0 {
		return fail()
	}
	generation, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || generation < 0 {
		return fail()
	}
	return ExternalID{Number: number, Generation: generation, Digest: parts[3]}, nil
}
