// Command mi lists managed instances.
package main

import "fmt"

func main() {
	for _, name := range instances() {
		fmt.Println(name)
	}
}

func instances() []string {
	return []string{"alpha", "beta"}
}
