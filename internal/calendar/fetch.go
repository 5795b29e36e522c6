package calendar

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Options shape a Fetcher.
type Options struct {
	// Allow are the networks that may be reached although they are not public,
	// for calendars inside the network.
	Allow []netip.Prefix
	// Timeout bounds one fetch as a whole, redirects included; 0 means 20
	// seconds.
	Timeout time.Duration
	// Roots are the certificate authorities; nil means the system's.
	Roots *x509.CertPool
}

// Fetcher fetches feeds. It is safe for concurrent use.
type Fetcher struct {
	client *http.Client
}

const maxRedirects = 3

// NewFetcher returns a Fetcher. It goes to no proxy: a proxy would reach for
// us what we must not reach.
func NewFetcher(o Options) *Fetcher {
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	dialer := &net.Dialer{
		Timeout: 5 * time.Second,
		// Here the name is resolved: what is checked is what is dialled.
		Control: func(_, address string, _ syscall.RawConn) error { return admit(address, o.Allow) },
	}
	return &Fetcher{client: &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("it redirects too often")
			}
			if r.URL.Scheme != "https" || r.URL.User != nil {
				return errors.New("it redirects to an address that is not plain https")
			}
			r.Header.Del("Referer") // the address is often the only secret
			return nil
		},
	}}
}

// Fetch returns the bytes of the feed at an https address. Its error says why
// there are none in words that fit after "because", without the address:
// whoever knows it can read the calendar.
func (f *Fetcher) Fetch(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, errors.New("its address is not plain https")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("its address is not plain https")
	}
	req.Header.Set("Accept", "text/calendar, */*;q=0.1")
	req.Header.Set("User-Agent", "rolecall")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, quiet(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("its server answers %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxBytes+1))
	if err != nil {
		return nil, quiet(err)
	}
	if len(body) > MaxBytes {
		return nil, fmt.Errorf("it is larger than %d MB", MaxBytes>>20)
	}
	return body, nil
}

// errForbidden is a network that must not be reached.
var errForbidden = errors.New("its server is inside a network that rolecall is not allowed to reach")

// quiet says what went wrong and not where.
func quiet(err error) error {
	var timeout net.Error
	var dns *net.DNSError
	var wrapped *url.Error
	switch {
	case errors.Is(err, errForbidden):
		return errForbidden
	case errors.As(err, &dns):
		return errors.New("its server is not found")
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("its server does not answer in time")
	case errors.As(err, &wrapped):
		err = wrapped.Err
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return errors.New("its server's certificate is not trusted")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return errors.New("its server cannot be reached")
	}
	return errors.New(oneLine(err.Error(), 200))
}

// inside are the networks that are not public beyond what net/netip tells.
// https://www.iana.org/assignments/iana-ipv4-special-registry
// https://www.iana.org/assignments/iana-ipv6-special-registry
var inside = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// admit reports whether an address, as it is about to be dialled, is public or
// allowed.
func admit(address string, allow []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errForbidden
	}
	ip := at.Addr().WithZone("").Unmap()
	for _, p := range allow {
		if p.Contains(ip) {
			return nil
		}
	}
	public := ip.IsGlobalUnicast() && !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast()
	for _, p := range inside {
		public = public && !p.Contains(ip)
	}
	if !public {
		return errForbidden
	}
	return nil
}
