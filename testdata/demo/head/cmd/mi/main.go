// Command mi lists managed instances and their regions.
package main

import "fmt"

func main() {
	for _, i := range instances() {
		fmt.Printf("%s\t%s\n", i.name, i.region)
	}
}

type instance struct{ name, region string }

func instances() []instance {
	return []instance{
		{"alpha", "europe-west1"},
		{"beta", "europe-west4"},
	}
}
