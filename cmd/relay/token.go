package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relay/broadcast"
	"relay/signaling/access"
)

// mostTTL is longer than any token should be good for.
const mostTTL = 10 * 366 * 24 * time.Hour

// tokenFlags are what "relay token" can be told.
type tokenFlags struct {
	room, name  string
	roles       []string
	ttl         time.Duration
	url         string
	port        port
	stateDir    string
	tokenSecret string
}

func tokenCommand() *cobra.Command {
	var f tokenFlags
	command := &cobra.Command{
		Use:   "token",
		Short: "Make a token, and a link, for a room",
		Long: `Make a token that lets whoever has it watch, present or manage, for as long as it
is good. The first line is the token, then come the link that has it and its QR code.
It is signed with the secret of the relay on this machine, which need not run.`,
		Example: `  relay token --room math --role view --ttl 2h
  relay token --room "lab-*" --role publish --name Anna --url https://relay.school.example
  relay token --room "*" --role manage --ttl 10m`,
		Args:    cobra.NoArgs,
		PreRunE: func(command *cobra.Command, _ []string) error { return setFromEnv(command.Flags()) },
		RunE: func(command *cobra.Command, _ []string) error {
			return f.run(command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	f.register(command.Flags())
	return command
}

func (f *tokenFlags) register(flags *pflag.FlagSet) {
	f.port = 8080
	flags.StringVar(&f.room, "room", "main", "the room, or a pattern such as lab-*; * is all rooms")
	flags.StringSliceVar(&f.roles, "role", []string{"view"}, "what for: view, publish or manage; repeatable")
	flags.DurationVar(&f.ttl, "ttl", 2*time.Hour, "how long it is good")
	flags.StringVar(&f.name, "name", "", "what its holder is called")
	flags.StringVar(&f.url, "url", "", "where the relay is found, such as https://relay.school.example; when not given, this machine's address with --port")
	flags.Var(&f.port, "port", "port of the relay on this machine, for the link")
	flags.StringVar(&f.stateDir, "state-dir", "", "folder in which the relay keeps its secret; when not given, this user's folder for such")
	flags.StringVar(&f.tokenSecret, "token-secret", "", "secret of the relay's --token-secret, if it has one; better given as RELAY_TOKEN_SECRET")
}

// run prints the token.
func (f *tokenFlags) run(stdout, stderr io.Writer) error {
	claims, err := f.claims()
	if err != nil {
		return err
	}
	origin, err := f.origin()
	if err != nil {
		return err
	}
	tokens, err := f.tokens(stderr)
	if err != nil {
		return err
	}
	token, err := tokens.Sign(claims, time.Now(), f.ttl)
	if err != nil {
		return err
	}
	text, err := f.describe(token, origin, codeFor(stdout))
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, text)
	return err
}

// claims are what the flags say, if that can be.
func (f *tokenFlags) claims() (access.Claims, error) {
	claims := access.Claims{Room: f.room, Name: f.name, RegisteredClaims: jwt.RegisteredClaims{ID: access.NewID()}}
	for _, word := range f.roles {
		role := access.Role(word)
		if !slices.Contains([]access.Role{access.View, access.Publish, access.Manage}, role) {
			return claims, fmt.Errorf("--role is view, publish or manage, not %q", word)
		}
		claims.Roles = append(claims.Roles, role)
	}
	switch {
	case len(f.roles) == 0:
		return claims, errors.New("--role has to name view, publish or manage")
	case f.ttl < time.Second || f.ttl > mostTTL:
		return claims, errors.New("--ttl is a time such as 2h or 30m, of a second or more and ten years or less")
	}
	if err := claims.Validate(); err != nil {
		return claims, fmt.Errorf("the token cannot be made: %w", err)
	}
	return claims, nil
}

// origin is where the relay is found.
func (f *tokenFlags) origin() (string, error) {
	if f.url == "" {
		here := site{addresses: viewersAddresses(netip.IPv6Unspecified()), port: uint16(f.port)}
		if origins := here.viewersOrigins(); len(origins) > 0 {
			return origins[0], nil
		}
		return here.origin("http", "localhost"), nil
	}
	u, err := url.Parse(strings.TrimSuffix(f.url, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.String() != u.Scheme+"://"+u.Host {
		return "", fmt.Errorf("--url is an address such as https://relay.school.example, not %q", f.url)
	}
	return u.String(), nil
}

// tokens signs as the relay does.
func (f *tokenFlags) tokens(stderr io.Writer) (*access.Tokens, error) {
	if f.tokenSecret != "" {
		if err := access.CheckSecret(f.tokenSecret); err != nil {
			return nil, fmt.Errorf("--token-secret %w", err)
		}
		return access.NewTokens(f.tokenSecret), nil
	}
	secret, made, err := keptSecret(f.stateDir)
	if err != nil {
		return nil, err
	}
	if made {
		fmt.Fprintln(stderr, "relay: there was no secret for tokens yet, and one was made; a relay of another user, or in a container, has another: name its folder with --state-dir")
	}
	return access.NewTokens(secret), nil
}

// describe is the token, the link, and its code.
func (f *tokenFlags) describe(token, origin string, code func(string) (string, error)) (string, error) {
	if !broadcast.ValidRoom(f.room) {
		return token + "\n", nil // no link leads to many rooms
	}
	page := "/pull/"
	if slices.Contains(f.roles, string(access.Publish)) {
		page = "/push/"
	}
	link := origin + page + f.room + "#token=" + token
	drawn, err := code(link)
	if err != nil {
		return "", err
	}
	return token + "\n" + link + "\n\n" + drawn, nil
}
