package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// serveProfiles serves Go's profiles until ctx ends. They tell what the process
// holds in memory, so the address has to be of loopback.
// https://pkg.go.dev/net/http/pprof
func serveProfiles(ctx context.Context, addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--profile-addr: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("--profile-addr: profiles show what is in memory, so %q has to be an address of loopback, such as 127.0.0.1:6060", addr)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("--profile-addr: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index) // heap, goroutine, allocs, …
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, IdleTimeout: time.Minute,
		WriteTimeout: 5 * time.Minute, // a profile takes as long as it is asked to
	}
	go func() { _ = server.Serve(l) }() // ends with an error always: that it was closed
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}
