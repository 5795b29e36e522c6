package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
)

// serveCmd is `rolecall serve`.
type serveCmd struct {
	credentials
	WebhookSecret  []string      `env:"WEBHOOK_SECRET" sep:"," placeholder:"SECRET" help:"The webhook's secret; several, separated by commas, while one is being replaced by another. Never empty."`
	DatabaseURL    string        `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"postgres://… for PostgreSQL; left out: an SQLite file below --data."`
	Data           string        `env:"ROLECALL_DATA" default:"data" placeholder:"DIR" help:"The folder of the SQLite file (${default})."`
	Addr           string        `env:"ROLECALL_ADDR" placeholder:"HOST:PORT" help:"The address to listen on; left out: every interface, on --port."`
	Port           int           `env:"PORT" default:"3000" help:"The port to listen on, without --addr (${default})."`
	DefaultPolicy  string        `env:"DEFAULT_POLICY" placeholder:"FILE" help:"The policy of repositories that have none of their own; left out: they get no check."`
	Workers        int           `env:"ROLECALL_WORKERS" default:"64" help:"How many pull requests are looked at at once (${default})."`
	CacheMB        int           `name:"cache-mb" env:"ROLECALL_CACHE_MB" default:"32" help:"How many MB of what never changes on GitHub are kept in memory; more saves calls (${default})."`
	CalendarAllow  []string      `env:"CALENDAR_ALLOW" sep:"," placeholder:"CIDR" help:"Networks that are not public and that calendars may be fetched from all the same, such as 10.1.0.0/16; left out: none."`
	StopTimeout    time.Duration `env:"ROLECALL_STOP_TIMEOUT" default:"20s" help:"How long a stop waits for work in hand (${default})."`
	Deliveries     time.Duration `env:"ROLECALL_DELIVERIES" default:"5m" help:"How often GitHub's log is read for deliveries that failed (${default}); -1s for never."`
	Sweep          time.Duration `env:"ROLECALL_SWEEP" default:"15m" help:"How often open pull requests are compared with what is known of them (${default}); -1s for never."`
	KeepDeliveries time.Duration `env:"ROLECALL_KEEP_DELIVERIES" default:"2160h" help:"How long deliveries and their bodies are kept, at least four days (${default}); 0 for ever."`
	KeepFacts      time.Duration `env:"ROLECALL_KEEP_FACTS" default:"9600h" help:"How long the facts of decisions are kept, by which they can be replayed (${default}); 0 for ever."`
	KeepRecord     time.Duration `env:"ROLECALL_KEEP_RECORD" default:"0" help:"How long the audit trail is kept, and the decisions that it tells of; 0 for ever. Its checkpoints always are."`
	KeepClosed     time.Duration `env:"ROLECALL_KEEP_CLOSED" default:"2160h" help:"How long it is remembered who pushed a closed pull request, and who was asked, at least 30 days (${default}); 0 for ever."`
	ProfileAddr    string        `env:"ROLECALL_PROFILE_ADDR" hidden:"" placeholder:"HOST:PORT" help:"Serve Go's profiles at this address of loopback."`
	LogFormat      string        `env:"LOG_FORMAT" enum:"json,text" default:"json" help:"json or text (${default})."`
	LogLevel       string        `env:"LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error (${default})."`
}

// Run serves until ctx ends, then stops gracefully.
func (c *serveCmd) Run(ctx context.Context, s streams) error {
	config, err := c.config(newLogger(s, c.LogFormat, c.LogLevel))
	if err != nil {
		return err
	}
	if c.ProfileAddr != "" {
		if err := serveProfiles(ctx, c.ProfileAddr); err != nil {
			return err
		}
	}
	server, err := Start(ctx, config)
	if err != nil {
		return err
	}
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.StopTimeout)
	defer cancel()
	return server.Stop(stopping)
}

func (c *serveCmd) config(log *slog.Logger) (Config, error) {
	config := Config{
		AppID: c.AppID, DatabaseURL: c.DatabaseURL, Data: c.Data, Addr: c.Addr,
		GitHubURL: c.GithubURL, Workers: c.Workers, Cache: c.CacheMB << 20, Log: log,
		Deliveries: c.Deliveries, Sweep: c.Sweep,
		Retention: store.Retention{Deliveries: c.KeepDeliveries, Facts: c.KeepFacts, Record: c.KeepRecord, Closed: c.KeepClosed},
	}
	if config.Addr == "" {
		config.Addr = net.JoinHostPort("", strconv.Itoa(c.Port))
	}
	var err error
	if config.WebhookSecrets, err = webhookSecrets(c.WebhookSecret); err != nil {
		return Config{}, err
	}
	if c.DefaultPolicy != "" {
		if config.DefaultPolicy, err = readPolicy(c.DefaultPolicy); err != nil {
			return Config{}, fmt.Errorf("--default-policy: %w", err)
		}
		if _, diags := policy.Load(nil, config.DefaultPolicy); hasErrors(diags) {
			return Config{}, fmt.Errorf("--default-policy: %s does not load; rolecall validate %[1]s says why", config.DefaultPolicy.Name)
		}
	}
	for _, s := range c.CalendarAllow {
		network, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			return Config{}, fmt.Errorf("CALENDAR_ALLOW: %q is no network: write it as 10.1.0.0/16", s)
		}
		config.Calendars.Allow = append(config.Calendars.Allow, network.Masked())
	}
	config.PrivateKey, err = c.key()
	return config, err
}

// webhookSecrets refuses what would let anybody in: no secret, or an empty one
// among several.
func webhookSecrets(given []string) ([][]byte, error) {
	var secrets [][]byte
	for _, s := range given {
		if s = strings.TrimSpace(s); s == "" {
			return nil, errors.New("WEBHOOK_SECRET holds an empty secret: anybody could sign deliveries with it")
		}
		secrets = append(secrets, []byte(s))
	}
	if len(secrets) == 0 {
		return nil, errors.New("no webhook secret: set WEBHOOK_SECRET to the one in the App's settings")
	}
	return secrets, nil
}

func readPolicy(file string) (*policy.Source, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return &policy.Source{Name: relative(file), Bytes: b}, nil
}

func hasErrors(diags []policy.Diagnostic) bool {
	for _, d := range diags {
		if d.Severity == "error" {
			return true
		}
	}
	return false
}
