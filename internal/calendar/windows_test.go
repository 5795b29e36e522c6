package calendar

import (
	"encoding/xml"
	"flag"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cldr is CLDR's windowsZones.xml, for whoever renews the table.
var cldr = flag.String("cldr", "", "a windowsZones.xml of Unicode CLDR that the table must agree with")

func TestEveryNameOfWindowsIsATimeZone(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(windowsZones)) {
		l := named(name)
		if l == nil || l.String() != windowsZones[name] {
			t.Errorf("%q is %v", name, l)
		}
	}
	for name, want := range map[string]time.Duration{ // of a day in July
		"W. Europe Standard Time": 2 * time.Hour, "Pacific Standard Time": -7 * time.Hour, "India Standard Time": 5*time.Hour + 30*time.Minute,
		"Tokyo Standard Time": 9 * time.Hour, "UTC-11": -11 * time.Hour, "UTC+13": 13 * time.Hour, "GMT Standard Time": time.Hour, "Greenwich Standard Time": 0,
	} {
		if _, got := time.Date(2026, 7, 1, 0, 0, 0, 0, named(name)).Zone(); time.Duration(got)*time.Second != want {
			t.Errorf("%q is %d seconds east of UTC, want %v", name, got, want)
		}
	}
}

func TestTheTableIsThatOfCLDR(t *testing.T) {
	if *cldr == "" {
		t.Skip("no -cldr")
	}
	raw, err := os.ReadFile(*cldr)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Zones []struct {
			Windows   string `xml:"other,attr"`
			Territory string `xml:"territory,attr"`
			IANA      string `xml:"type,attr"`
		} `xml:"windowsZones>mapTimezones>mapZone"`
	}
	if err := xml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, z := range file.Zones {
		if z.Territory == "001" {
			want[z.Windows] = z.IANA
		}
	}
	if diff := cmp.Diff(want, windowsZones); diff != "" {
		t.Errorf("the table (-CLDR +ours):\n%s", diff)
	}
}
