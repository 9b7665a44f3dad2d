package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestBehindNginx: with what README.md says, people present and watch under the
// name that nginx has a certificate for.
func TestBehindNginx(t *testing.T) {
	const name = "relay.school.example"
	r := startRelay(t, "--no-tls", "--allow-host", name)
	school := newAuthority(t)
	origin := "https://" + net.JoinHostPort(name, startNginx(t, r, school.leaf(name)))

	atSchool := []chromedp.ExecAllocatorOption{
		trusting(t, school.cert), chromedp.Flag("host-resolver-rules", "MAP "+name+" 127.0.0.1"),
	}
	p := newPresenter(t, servePattern(t), atSchool...)
	p.push = p.browser.open(origin + "/push")
	p.push.waitState("ready")
	p.share()
	if link := eval[string](p.push, "document.querySelector('#link').value"); link != origin+"/pull" {
		t.Errorf("the push page tells viewers %s", link)
	}
	watch(t, startChromium(t, append(atSchool, autoplay)...), origin+"/pull", 1)
}

// newAuthority is a CA that may vouch for anything.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	a := &authority{t: t, key: key, cert: &x509.Certificate{
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}}
	a.cert.Subject.CommonName = "School"
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key)
	check(t, err)
	a.cert, err = x509.ParseCertificate(der)
	check(t, err)
	return a
}

var nginxExample = regexp.MustCompile("(?s)```nginx\n(.*?)```")

// startNginx runs nginx as README.md shows it, but for its port, its files and
// the relay's port, and returns the port.
func startNginx(t *testing.T, r *relay, certificate tls.Certificate) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	check(t, err)
	found := nginxExample.FindSubmatch(readme)
	if found == nil {
		t.Fatal("README.md has no example for nginx")
	}
	port := freePort(t)
	p := newPair(t)
	p.write(certificate)
	server := strings.NewReplacer(
		"listen 443", "listen 127.0.0.1:"+port, "127.0.0.1:8080", "127.0.0.1:"+r.port,
		"/etc/ssl/relay.crt", p.cert, "/etc/ssl/relay.key", p.key,
	).Replace(string(found[1]))
	folder := t.TempDir()
	config := filepath.Join(folder, "nginx.conf")
	check(t, os.WriteFile(config, []byte(fmt.Sprintf(nginxFrame, server)), 0o600))
	nginx := exec.Command(commandPath("nginx"), "-p", folder, "-c", config)
	nginx.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	nginx.Stderr = &syncBuffer{}
	check(t, nginx.Start())
	t.Cleanup(func() {
		_ = nginx.Process.Kill()
		_ = nginx.Wait() // it was killed
	})
	waitFor(t, "nginx to listen", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		return err == nil && conn.Close() == nil
	})
	return port
}

// freePort is a TCP port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		// Below those that systems give out by themselves: nobody else gets it meanwhile.
		port := strconv.Itoa(10_000 + mathrand.IntN(20_000))
		listener, err := net.Listen("tcp", ":"+port)
		if err == nil {
			check(t, listener.Close())
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// nginxFrame keeps all of nginx's files in its own folder.
const nginxFrame = `daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	%s
}
`
