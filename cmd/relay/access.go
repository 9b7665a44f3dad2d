package main

import (
	"errors"
	"fmt"
	"log/slog"

	"relay/signaling/access"
)

// check finds what cannot be a key or a secret.
func (o *accessOptions) check() error {
	for _, key := range []struct{ flag, value string }{{"--publish-key", o.publishKey}, {"--view-key", o.viewKey}} {
		if key.value == "" {
			continue
		}
		if err := access.CheckKey(key.value); err != nil {
			return fmt.Errorf("%s %w", key.flag, err)
		}
	}
	if o.tokenSecret != "" {
		if err := access.CheckSecret(o.tokenSecret); err != nil {
			return fmt.Errorf("--token-secret %w", err)
		}
	}
	return access.CheckRooms(o.rooms)
}

// openGuard reads what decides about access.
func openGuard(o options, log *slog.Logger) (*access.Guard, error) {
	secret, err := openSecret(o, log)
	if err != nil {
		return nil, err
	}
	return access.NewGuard(access.Config{
		PublishKey: o.access.publishKey, ViewKey: o.access.viewKey, RoomsFile: o.access.rooms,
		ListRooms: o.listRooms, Tokens: access.NewTokens(secret), Log: log,
	})
}

// openSecret is the secret that tokens are signed with. A relay that cannot keep one
// has one for as long as it runs.
func openSecret(o options, log *slog.Logger) (string, error) {
	if o.access.tokenSecret != "" {
		return o.access.tokenSecret, nil
	}
	secret, _, err := keptSecret(o.stateDir)
	if errors.Is(err, access.ErrNoFolder) || errors.Is(err, errNoStateFolder) {
		log.Warn("tokens that are made now are good until the relay ends: their secret cannot be kept", "cause", err)
		return access.NewSecret(), nil
	}
	return secret, err
}

// keptSecret is the one in the state folder; made says that it is new.
func keptSecret(folder string) (secret string, made bool, err error) {
	if folder == "" {
		if folder, err = stateFolder(); err != nil {
			return "", false, err
		}
	}
	return access.OpenSecret(folder)
}
