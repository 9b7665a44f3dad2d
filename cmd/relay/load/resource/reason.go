package resource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
)

// Reason says in a few words why a request failed, the same words for the same
// cause, so that failures can be counted by it: "409 Conflict: nobody presents",
// "connection refused", "timeout". It holds no address, token or line break.
// No error has no reason.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	for _, find := range []func(error) string{said, certificate, transport} {
		if reason := find(err); reason != "" {
			return reason
		}
	}
	return clean(innermost(err).Error())
}

// said is the reason for what the server answered.
func said(err error) string {
	if refused, ok := errors.AsType[*Refused](err); ok {
		return refused.reason()
	}
	if b, ok := errors.AsType[broken](err); ok {
		return string(b)
	}
	return ""
}

// certificate is the reason for a TLS connection that was not made.
func certificate(err error) string {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return "certificate expired or not valid yet"
		}
		return "certificate not valid"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "certificate not trusted (self-signed, or of an unknown authority)"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "certificate is for another name"
	}
	_, header := errors.AsType[tls.RecordHeaderError](err)
	if header || errors.Is(err, http.ErrSchemeMismatch) {
		return "the server does not speak TLS: http instead of https?"
	}
	return ""
}

// transport is the reason for a connection that failed.
func transport(err error) string {
	for _, known := range []struct {
		err    error
		reason string
	}{
		{context.Canceled, "stopped"},
		{context.DeadlineExceeded, "timeout"},
		{os.ErrDeadlineExceeded, "timeout"},
		{errRefused, "connection refused"},
		{errReset, "connection reset"},
		{syscall.EPIPE, "connection reset"},
		{errHost, "host unreachable"},
		{errNet, "network unreachable"},
		{errPorts, "no local port left"},
		{syscall.EMFILE, "too many open files"},
		{io.ErrUnexpectedEOF, "answer cut short"},
		{io.EOF, "no answer"},
	} {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return "timeout"
	}
	// After the others: a search that was stopped is one of these as well.
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "host not found"
	}
	return ""
}

// innermost is the cause at the bottom, without what each caller put around it.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
