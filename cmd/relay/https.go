package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"relay/signaling/certificate"
)

// identity is how the relay proves in HTTPS who it is. The zero value is plain
// HTTP only.
type identity struct {
	certificates certificates
	// ca is the relay's own, that people have to trust; nil with --tls-cert.
	ca *x509.Certificate
	// given is the certificate of --tls-cert; nil without.
	given *certificate.Files
	// named are the names of --allow-host.
	named []string
}

// certificates are made by the relay, or given to it.
type certificates interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Follow keeps them up to date until ctx ends.
	Follow(ctx context.Context)
}

// openIdentity reads or makes what the options say.
func openIdentity(o options, log *slog.Logger) (identity, error) {
	switch {
	case o.noTLS:
		return identity{}, nil
	case o.tlsCert != "":
		files, err := certificate.OpenFiles(o.tlsCert, o.tlsKey, log)
		if err != nil {
			return identity{}, err
		}
		return identity{certificates: files, given: files, named: o.allowHost}, nil
	}
	local, err := openLocal(o, log)
	if err != nil {
		return identity{}, err
	}
	return identity{certificates: local, ca: local.CA()}, nil
}

func openLocal(o options, log *slog.Logger) (*certificate.Local, error) {
	folder := o.stateDir
	if folder == "" {
		var err error
		if folder, err = stateFolder(); err != nil {
			return nil, fmt.Errorf("%w, or serve plain HTTP only with --no-tls", err)
		}
	}
	return certificate.OpenLocal(certificate.LocalConfig{Folder: folder, Names: machineNames, Log: log})
}

// hosts are the names that people open the relay by: those in the given
// certificate and those that it has a pattern for.
func (i identity) hosts() []string {
	if i.given == nil {
		return nil
	}
	hosts := i.given.Hosts()
	for _, name := range i.named {
		if i.given.Covers(name) && !slices.Contains(hosts, name) {
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// covers is true for an address of which browsers do not warn, once people have
// done what they can.
func (i identity) covers(addr netip.Addr) bool {
	return i.given == nil || i.given.Covers(addr.String())
}

// speaksHTTPS is false with --no-tls.
func (i identity) speaksHTTPS() bool { return i.certificates != nil }

// follow keeps the certificates up to date until ctx ends.
func (i identity) follow(ctx context.Context) {
	if i.certificates != nil {
		i.certificates.Follow(ctx)
	}
}

// tlsConfig is for http.Server.
func (i identity) tlsConfig() *tls.Config {
	if i.certificates == nil {
		return nil
	}
	return &tls.Config{
		GetCertificate: i.certificates.GetCertificate,
		NextProtos:     []string{"h2", "http/1.1"}, // HTTP/2 fetches a page's many small files at once
	}
}
