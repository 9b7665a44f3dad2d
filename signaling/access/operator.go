package access

// Every is the room of a token that is for all rooms.
const Every = "*"

var errNoOperator = unauthorized(reasonKey, "This needs a token for managing all rooms.")

// Operate says whether a credential is a token for managing all rooms: its holder may
// see what the relay as a whole does. No key is.
func (g *Guard) Operate(credential string) error {
	h := g.identify(credential)
	switch {
	case !h.given:
		return errNoOperator
	case h.claims == nil:
		return h.refusal
	case h.claims.Room != Every || !h.claims.roles().has(Manage):
		return forbidden("This token is not for managing all rooms.")
	}
	return nil
}

// Operate refuses: there are no tokens.
func (Open) Operate(string) error { return errNoOperator }
