package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

// credentials are the flags by which a command speaks as the GitHub App. Names
// in the environment are Probot's where Probot has one.
type credentials struct {
	AppID          int64  `name:"app-id" env:"APP_ID" required:"" placeholder:"ID" help:"The GitHub App's ID."`
	PrivateKey     string `env:"PRIVATE_KEY" placeholder:"PEM" help:"The App's private key: PEM, or PEM in base64. Better given by the environment than by the flag."`
	PrivateKeyPath string `env:"PRIVATE_KEY_PATH" placeholder:"FILE" help:"A file that holds the private key, in place of PRIVATE_KEY."`
	GithubURL      string `name:"github-url" env:"GITHUB_URL" default:"https://api.github.com/" placeholder:"URL" help:"The root of GitHub's REST API (${default}); for GitHub Enterprise Server https://HOST/api/v3/. GraphQL is derived from it."`
}

// key returns the private key as PEM.
func (c credentials) key() ([]byte, error) {
	given := c.PrivateKey
	switch {
	case given != "" && c.PrivateKeyPath != "":
		return nil, errors.New("both PRIVATE_KEY and PRIVATE_KEY_PATH are set: set one of them")
	case given == "" && c.PrivateKeyPath == "":
		return nil, errors.New("no private key: set PRIVATE_KEY (PEM or base64) or PRIVATE_KEY_PATH")
	case c.PrivateKeyPath != "":
		b, err := os.ReadFile(c.PrivateKeyPath)
		if err != nil {
			return nil, fmt.Errorf("PRIVATE_KEY_PATH: %w", err)
		}
		given = string(b)
	}
	given = strings.TrimSpace(strings.ReplaceAll(given, `\n`, "\n"))
	if !strings.HasPrefix(given, "-----BEGIN") {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(given), ""))
		if err != nil || !strings.HasPrefix(strings.TrimSpace(string(decoded)), "-----BEGIN") {
			return nil, errors.New("the private key is neither PEM nor PEM in base64: download it again from the App's settings")
		}
		given = string(decoded)
	}
	return []byte(given), nil
}
