package signaling

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"relay/broadcast"
)

// What a page may send: messages of 64 KiB, and an SDP of 256 KiB.
const (
	maxMessage = 64 << 10
	maxSDP     = 256 << 10
	maxDepth   = 4 // of nested objects and arrays; the deepest real message has 2
	maxCodecs  = 64
	maxCodec   = 64
)

// inbound is every message a page sends; Type says which fields count. Fields
// that are not here belong to newer pages, and are ignored.
type inbound struct {
	Type string `json:"type"`
	// join
	Resume string   `json:"resume"`
	Key    string   `json:"key"`   // for the Config's Access,
	Token  string   `json:"token"` // as this
	Name   string   `json:"name"`
	Device string   `json:"device"` // a random word that the browser keeps; broadcast.Join.Device
	Codecs []string `json:"codecs"`
	// offer
	SDP string `json:"sdp"`
	// candidate
	Candidate *iceCandidate `json:"candidate"`
	// picture: whether the viewer sees it
	Picture *bool `json:"picture"`
}

// iceCandidate is an RTCIceCandidateInit. Everything is bundled on one
// transport, so that its m-line does not matter.
type iceCandidate struct {
	Candidate string `json:"candidate"`
}

// parse reads one text frame. Its errors are written for whoever sent it.
func parse(frame []byte) (inbound, error) {
	var m inbound
	if depth(frame) > maxDepth {
		return m, refuse(broadcast.CodeBadRequest, "The message is nested too deeply.")
	}
	if err := json.Unmarshal(frame, &m); err != nil {
		return m, malformed(err)
	}
	if len(frame) > maxMessage && m.Type != "offer" {
		return m, refuse(broadcast.CodeTooLarge, "The message is larger than %d bytes.", maxMessage)
	}
	return m, m.check()
}

// check looks at the fields that m's type needs.
func (m inbound) check() error {
	switch m.Type {
	case "join":
		return m.checkJoin()
	case "offer":
		return m.checkOffer()
	case "candidate", "leave", "ping", "pong":
		return nil
	case "picture":
		if m.Picture == nil {
			return refuse(broadcast.CodeBadRequest, `The message has no "picture".`)
		}
		return nil
	case "":
		return refuse(broadcast.CodeBadRequest, `The message has no "type".`)
	default:
		return refuse(broadcast.CodeBadRequest, "The message type %.32q is unknown.", m.Type)
	}
}

func (m inbound) checkJoin() error {
	if _, err := nameOf(m.Name); err != nil {
		return err
	}
	if len(m.Codecs) > maxCodecs {
		return refuse(broadcast.CodeBadRequest, "There are more than %d codecs.", maxCodecs)
	}
	for _, codec := range m.Codecs {
		if len(codec) > maxCodec {
			return refuse(broadcast.CodeBadRequest, "A codec's name is longer than %d bytes.", maxCodec)
		}
	}
	return nil
}

func (m inbound) checkOffer() error {
	if m.SDP == "" {
		return refuse(broadcast.CodeBadRequest, `The offer has no "sdp".`)
	}
	if len(m.SDP) > maxSDP {
		return refuse(broadcast.CodeTooLarge, "The offer's SDP is larger than %d bytes.", maxSDP)
	}
	return nil
}

// malformed says what is wrong with a message that is not JSON, or has a value
// of a wrong type.
func malformed(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return refuse(broadcast.CodeBadRequest, "The message is not valid JSON.")
	}
	if wrong.Field == "" {
		return refuse(broadcast.CodeBadRequest, "The message has to be a JSON object.")
	}
	return refuse(broadcast.CodeBadRequest, "The field %q cannot be a JSON %s.", wrong.Field, wrong.Value)
}

// depth is how deep the brackets of a JSON text nest, outside of its strings.
func depth(text []byte) int {
	var now, deepest int
	var inString, escaped bool
	for _, c := range text {
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case !inString && (c == '{' || c == '['):
			now++
			deepest = max(deepest, now)
		case !inString && (c == '}' || c == ']'):
			now--
		}
	}
	return deepest
}

// refuse is an error for the sender.
func refuse(code broadcast.Code, format string, args ...any) *broadcast.Error {
	return &broadcast.Error{Code: code, Sentence: fmt.Sprintf(format, args...)}
}

// What the relay sends.
type (
	welcome struct {
		Type       string      `json:"type"`
		ID         string      `json:"id"`
		Room       string      `json:"room"`
		Role       string      `json:"role"`
		ICEServers []ICEServer `json:"iceServers"` // beside the relay's own addresses, which are in its answer
		Resume     string      `json:"resume"`
		MaxBitrate int         `json:"maxBitrate,omitempty"` // bit/s, for a publisher
		Title      string      `json:"title,omitempty"`      // of the room, for people
		// Invite is a token for watching the room, for a publisher to hand out; absent
		// when nobody needs one, or the publisher came without a credential.
		Invite string `json:"invite,omitempty"`
		// Origins are those under which viewers reach the relay, for a publisher whose
		// own is no link for them, or asks them to trust a certificate.
		Origins []string `json:"origins,omitempty"`
		roomFields
	}
	roomMessage struct {
		Type string `json:"type"`
		roomFields
	}
	roomFields struct {
		State   broadcast.State `json:"state"`
		Since   *time.Time      `json:"since"`
		Video   *string         `json:"video"`
		Audio   bool            `json:"audio"`
		Viewers int             `json:"viewers"`
		// for a publisher
		Unplayable *int  `json:"unplayable,omitempty"`
		Locked     *bool `json:"locked,omitempty"`
		MaxViewers *int  `json:"maxViewers,omitempty"`
		Requests   *int  `json:"requests,omitempty"` // how many people ask for the room
	}
	answer struct {
		Type string `json:"type"`
		SDP  string `json:"sdp"`
	}
	errorMessage struct {
		Type       string         `json:"type"`
		Code       broadcast.Code `json:"code"`
		Message    string         `json:"message"`
		Reason     string         `json:"reason,omitempty"`
		Since      *time.Time     `json:"since,omitempty"`
		Have       int            `json:"have,omitempty"` // bit/s
		Need       int            `json:"need,omitempty"` // bit/s
		RetryAfter float64        `json:"retryAfter,omitempty"`
	}
	bye struct {
		Type       string  `json:"type"`
		Reason     string  `json:"reason"`
		RetryAfter float64 `json:"retryAfter"`
	}
	signal struct { // ping, pong
		Type string `json:"type"`
	}
)

func (s *Server) welcomeOf(session *broadcast.Session, state broadcast.RoomState, origins []string) welcome {
	m := welcome{
		Type: "welcome", ID: session.ID(), Room: session.RoomName(), Role: session.Role().String(),
		ICEServers: append([]ICEServer{}, s.config.ICEServers...), Resume: session.Token(),
		Title:      s.config.Access.Room(session.RoomName()).Title,
		roomFields: fieldsOf(session.Role(), state),
	}
	if session.Role() == broadcast.RolePublisher {
		m.MaxBitrate, m.Origins = session.MaxBitrate(), origins
	}
	return m
}

func fieldsOf(role broadcast.Role, state broadcast.RoomState) roomFields {
	f := roomFields{State: state.State, Since: orNull(state.Since), Video: orNull(state.Video.String()), Audio: state.Audio, Viewers: state.Viewers}
	if role == broadcast.RolePublisher {
		f.Unplayable, f.Locked, f.MaxViewers, f.Requests = &state.Unplayable, &state.Locked, orNull(state.MaxViewers), &state.Requests
	}
	return f
}

func errorOf(e *broadcast.Error) errorMessage {
	return errorMessage{
		Type: "error", Code: e.Code, Message: strings.TrimSpace(e.Sentence), Reason: e.Reason, Since: orNull(e.Since),
		Have: e.Have, Need: e.Need, RetryAfter: e.RetryAfter.Seconds(),
	}
}

// orNull is JSON's null for a zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
