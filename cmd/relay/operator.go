package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"relay/signaling/access"
)

const (
	// operatorTokenTime is how long a token is good that a command makes for itself.
	operatorTokenTime = time.Minute
	// answerTime and maxAnswer bound what a command waits for, and reads.
	answerTime = 10 * time.Second
	maxAnswer  = 64 << 20
)

// operatorFlags are those of commands that ask a relay that runs.
type operatorFlags struct {
	url         string
	token       string
	stateDir    string
	tokenSecret string
	watch       bool
	json        bool
}

func (f *operatorFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, "url", "http://127.0.0.1:8080", "where the relay is found; when not given, on this machine, on the port of RELAY_PORT if that is set")
	flags.StringVar(&f.token, "token", "", "token for managing all rooms; better given as RELAY_TOKEN; when not given, one is made with the relay's secret")
	flags.StringVar(&f.stateDir, "state-dir", "", "folder in which the relay keeps its secret; when not given, this user's folder for such")
	flags.StringVar(&f.tokenSecret, "token-secret", "", "secret of the relay's --token-secret, if it has one; better given as RELAY_TOKEN_SECRET")
	flags.BoolVar(&f.watch, "watch", false, "show it again every two seconds, until Ctrl-C")
	flags.BoolVar(&f.json, "json", false, "print JSON instead of a table")
}

// fromEnv is setFromEnv. In a container the relay's port is a variable, too.
func (f *operatorFlags) fromEnv(flags *pflag.FlagSet) error {
	if err := setFromEnv(flags); err != nil {
		return err
	}
	var p port
	if text := os.Getenv(envName("port")); !flags.Changed("url") && p.Set(text) == nil && p != 0 {
		f.url = "http://127.0.0.1:" + p.String()
	}
	return nil
}

// operator asks a relay.
type operator struct {
	base   string
	bearer func() (string, error) // a token that is good now
	client http.Client
}

// operator is whom the flags describe.
func (f *operatorFlags) operator() (*operator, error) {
	u, err := url.Parse(strings.TrimSuffix(f.url, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.String() != u.Scheme+"://"+u.Host {
		return nil, fmt.Errorf("--url is an address such as http://127.0.0.1:8080, not %q", f.url)
	}
	o := &operator{base: u.String(), client: http.Client{Timeout: answerTime}}
	o.bearer = func() (string, error) { return f.token, nil }
	if f.token == "" {
		o.bearer = f.sign
	}
	return o, nil
}

// sign makes a token with the relay's secret, for as long as a question takes.
func (f *operatorFlags) sign() (string, error) {
	secret, err := f.tokenSecret, error(nil)
	if secret == "" {
		if secret, err = f.keptSecret(); err != nil {
			return "", err
		}
	} else if err := access.CheckSecret(secret); err != nil {
		return "", fmt.Errorf("--token-secret %w", err)
	}
	claims := access.Claims{Room: access.Every, Roles: []access.Role{access.Manage}}
	return access.NewTokens(secret).Sign(claims, time.Now(), operatorTokenTime)
}

// keptSecret is the one in the relay's state folder. A secret that is made now would be
// none of the relay's, and stay in the folder of whoever only looked.
func (f *operatorFlags) keptSecret() (string, error) {
	folder, err := f.stateDir, error(nil)
	if folder == "" {
		if folder, err = stateFolder(); err != nil {
			return "", err
		}
	}
	secret, err := access.ReadSecret(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return "", secretless{folder}
	}
	return secret, err
}

// secretless says that there is nothing to sign a token with.
type secretless struct{ folder string }

func (s secretless) Error() string {
	return s.folder + " has no secret to sign a token with: run this as the relay's user, or name the relay's folder " +
		"with --state-dir, its secret with --token-secret, or a token with --token"
}

// get asks for JSON, and returns it as it came as well.
func (o *operator) get(ctx context.Context, path string, into any) (json.RawMessage, error) {
	token, err := o.bearer()
	if errors.As(err, new(secretless)) {
		err = cmp.Or(o.missed(ctx), err) // where no relay runs, that is what to say
	}
	if err != nil {
		return nil, err
	}
	body, err := o.ask(ctx, path, token)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(body, into) != nil {
		return nil, o.strange(path)
	}
	return body, nil
}

func (o *operator) strange(path string) error {
	return fmt.Errorf("%s%s answers what no relay says: is another program there?", o.base, path)
}

// missed says why there is no relay to ask; nil: there is one.
func (o *operator) missed(ctx context.Context) error {
	body, err := o.ask(ctx, "/healthz", "")
	if err == nil && string(body) != "ok\n" {
		err = o.strange("/healthz")
	}
	return err
}

// ask is the body of a GET. Errors are sentences.
func (o *operator) ask(ctx context.Context, path, token string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the relay: %w", err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := o.client.Do(request)
	if err != nil {
		return nil, o.explain(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, o.explain(err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, o.refusal(response.StatusCode, body)
	}
	return body, nil
}

// explain says what to do about a relay that does not answer.
func (o *operator) explain(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, syscall.ECONNREFUSED):
		return &listenError{fmt.Sprintf("nothing answers at %s: does the relay run, and on this port? --url names another address", o.base), err}
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		return fmt.Errorf("this machine does not trust the certificate of the relay at %s (%w): on the relay's own machine ask by http://, "+
			"elsewhere trust its CA, as its page /trust says", o.base, err)
	}
	return fmt.Errorf("the relay at %s cannot be asked: %w", o.base, err)
}

// refusal is what the relay said, and what that means here.
func (o *operator) refusal(status int, body []byte) error {
	var problem struct{ Detail string }
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		problem.Detail = fmt.Sprintf("it answers %d, as no relay does.", status)
	}
	refused := fmt.Errorf("the relay at %s: %s", o.base, printable(problem.Detail))
	if status == http.StatusUnauthorized {
		return unknownHere{refused}
	}
	return refused
}

// unknownHere says that the token is none for the relay.
type unknownHere struct{ error }

func (u unknownHere) Error() string {
	return u.error.Error() + " The token was made with the secret of this user's state folder, or came with --token: " +
		"name the relay's folder with --state-dir, its secret with --token-secret, or a token."
}

// printable takes out what would do something to a terminal.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return -1
		}
		return c
	}, text)
}
