package main

import (
	"fmt"
	"strings"
)

// playback is what WHEP says of its endpoint.
var playback = []requirement{
	{section: "WHEP 4.1", says: "GET on the endpoint: 2xx without content",
		method: "GET", target: "/whep/live", status: 200, text: []string{`\A\z`}},
	{section: "WHEP 4.1", says: "GET on the session: 2xx without content",
		method: "GET", target: "{viewer}", status: 204, text: []string{`\A\z`}},
	{section: "WHEP 4.2", says: "HEAD tells a player that this is WHEP",
		method: "HEAD", target: "/whep/live", status: 200, want: []string{"Content-Type: application/sdp", "Content-Length: 0"}},
	{section: "WHEP 4.2", says: "GET has the same header fields",
		method: "GET", target: "/whep/live", status: 200, want: []string{"Content-Type: application/sdp", "Content-Length: 0"}},
	{section: "WHEP 4.3.1", says: "an offer is answered with 201, SDP and Location",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive}", status: 201,
		want: []string{"Content-Type: application/sdp", `Location: /whep/live/[\w-]{22,}`, strongTag}, text: []string{`\Av=0\r$`}},
	{section: "WHEP 4.3.2", says: "whoever can't take the answer gets no counter-offer: a 406 without SDP",
		method: "POST", target: "/whep/live", header: []string{offers, "Accept: text/html"}, body: "{receive}", status: 406,
		want: []string{problem, "!Location"}, text: []string{`!^v=0`}},
	{section: "WHEP 4.3.2", says: "an answer to a counter-offer that was not made is refused",
		method: "PATCH", target: "{viewer}", header: []string{offers}, body: "{send}", status: 415, want: []string{problem}},
	{section: "WHEP 4.3.4", says: "POST with another content type is refused",
		method: "POST", target: "/whep/live", header: []string{"Content-Type: text/plain"}, body: "{receive}", status: 415},
	{section: "WHEP 4.3.4", says: "malformed SDP is refused",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "v=0\r\nhello", status: 400, want: []string{problem}},
	{section: "WHEP 4.3.4", says: "where nobody presents as well: no later time makes it right",
		method: "POST", target: "/whep/idle", header: []string{offers}, body: "hello", status: 400, want: []string{problem, "!Retry-After"}},
	{section: "WHEP 4.3.4", says: "and so is nothing",
		method: "POST", target: "/whep/idle", header: []string{offers}, status: 400, want: []string{problem, "!Retry-After"}},
	{section: "WHEP 4.3.5", says: "the answer's sections are sendonly",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive}", status: 201,
		text: []string{`^a=sendonly\r$`, `!^a=(recvonly|sendrecv|inactive)\r$`}},
	{section: "WHEP 4.3.5", says: "sendrecv may be offered",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive-both-ways}", status: 201,
		text: []string{`^a=sendonly\r$`, `!^a=(recvonly|sendrecv|inactive)\r$`}},
	{section: "WHEP 4.3.5", says: "sendonly must not be offered",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{send}", status: 400, want: []string{problem}},
	{section: "WHEP 4.3.5", says: "sendonly must not be offered in one section",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive-half-sendonly}", status: 400, want: []string{problem}},
	{section: "WHEP 4.3.5", says: "inactive must not be offered in one section",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive-half-inactive}", status: 400, want: []string{problem}},
	{section: "RFC 9429 5.3.1", says: "a section that the relay has no use for is turned down, the others go on",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive-data}", status: 201,
		text: []string{`^m=video 9 `, `^m=audio 9 `, `^m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r$`, `^a=mid:2\r$`, `^a=group:BUNDLE 0 1\r$`}},
	{section: "RFC 3264 6", says: "a section that was offered with port zero is answered with port zero",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive-no-sound}", status: 201,
		text: []string{`^m=video 9 `, `^m=audio 0 `, `^a=group:BUNDLE 0\r$`}},
	{section: "WHEP 4.3.8", says: "a session whose player tears DTLS down has ended",
		method: "GET", target: "{closed-viewer}", status: 404, want: []string{problem}},
	{section: "WHEP 4.4", says: "OPTIONS on the endpoint: 200 with Accept-Post",
		method: "OPTIONS", target: "/whep/live", status: 200, want: []string{"Accept-Post: application/sdp"}},
	{section: "WHEP 4.6.2", says: "both sections of the answer are of one MediaStream",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive}", status: 201,
		same: `^a=msid:(\S+) `},
	{section: "RFC 9110 15.5.10", says: "nobody presents: 409, and when to come again",
		method: "POST", target: "/whep/idle", header: []string{offers}, body: "{receive}", status: 409, want: []string{problem, retryAfter}},
	{section: "WHEP 4.9.1", says: "a bearer token may be sent",
		method: "POST", target: "/whep/live", header: []string{offers, "Authorization: Bearer secret"}, body: "{receive}", status: 201},
	{section: "WHEP 4.10", says: "the events extension is advertised, with the events that are sent",
		method: "POST", target: "/whep/live", header: []string{offers}, body: "{receive}", status: 201,
		want: []string{`Link: .*</whep/live/[\w-]+/sse>; ?rel="urn:ietf:params:whep:ext:core:server-sent-events"; ?events="active,inactive,viewercount".*`}},
}

// patches is what both texts say of PATCH.
var patches = []requirement{
	{section: "WHIP 4.3.1", says: "PATCH with another content type is refused",
		method: "PATCH", target: "{publisher}", header: []string{"Content-Type: text/plain", "If-Match: {publisher-etag}"}, body: "x", status: 415},
	{section: "WHIP 4.3.1", says: "a malformed fragment is refused",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, body: "hello", status: 400, want: []string{problem}},
	{section: "WHIP 4.3.1", says: "a missing entity tag: 428 (RFC 6585)",
		method: "PATCH", target: "{publisher}", header: []string{fragments}, body: publisherTrickles, status: 428, want: []string{problem}},
	{section: "WHEP 4.5.1", says: "a missing entity tag: 428",
		method: "PATCH", target: "{viewer}", header: []string{fragments}, body: viewerTrickles, status: 428, want: []string{problem}},
	{section: "WHIP 4.3.1", says: "another entity tag: 412",
		method: "PATCH", target: "{publisher}", header: []string{fragments, `If-Match: "another"`}, body: publisherTrickles, status: 412, want: []string{problem}},
	{section: "WHEP 4.5.1", says: "another entity tag: 412",
		method: "PATCH", target: "{viewer}", header: []string{fragments, `If-Match: "another"`}, body: viewerTrickles, status: 412, want: []string{problem}},
	{section: "WHIP 4.3.2", says: "a candidate is taken: 204 without entity tag or content",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, body: publisherTrickles, status: 204,
		want: []string{"!ETag"}, text: []string{`\A\z`}},
	{section: "WHEP 4.5.2", says: "a candidate is taken: 204 without entity tag or content",
		method: "PATCH", target: "{viewer}", header: []string{fragments, "If-Match: {viewer-etag}"}, body: viewerTrickles, status: 204,
		want: []string{"!ETag"}, text: []string{`\A\z`}},
	{section: "WHIP 4.3.2", says: "a transport that the relay does not dial is passed over",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, status: 204,
		body: publisherIs + "a=candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\n"},
	{section: "WHIP 4.3.2", says: "an address that can't be resolved is passed over",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, status: 204,
		body: publisherIs + "a=candidate:3 1 udp 2122260223 0b1c2d3e.local 61764 typ host\r\n"},
	{section: "WHIP 4.3.2", says: "the end of candidates is taken",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, status: 204,
		body: publisherIs + "a=end-of-candidates\r\n"},
	{section: "WHIP 4.3.2", says: "candidates may be repeated: the first ones",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, status: 204,
		body: publisherIs + hostCandidates(20)},
	{section: "WHIP 4.3.2", says: "candidates may be repeated: those and more",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, status: 204,
		body: publisherIs + hostCandidates(30)},
	{section: "RFC 9110 15.5.16", says: "a content coding is refused",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}", "Content-Encoding: deflate"}, body: publisherIs, status: 415,
		want: []string{problem, "Accept-Encoding: identity"}},
	{section: "RFC 9457 3.1.4", says: "an entity tag without its quotes is called that",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: unquoted"}, body: publisherIs, status: 412,
		want: []string{problem}, text: []string{`"detail":"If-Match does not name the session's ICE as it is now; .* quotes`}},
	{section: "RFC 9457 3.1.4", says: "a restart with too many candidates is called that",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: *"}, body: restarts + hostCandidates(40), status: 422,
		want: []string{problem}, text: []string{`"detail":"More than 32 candidates`, `!offer`}},
	{section: "WHIP 4.3.3", says: "a restart that can't be is refused",
		method: "PATCH", target: "{publisher}", header: []string{fragments, `If-Match: "*"`}, body: fragment("newu", "short"), status: 400, want: []string{problem}},
	{section: "WHIP 4.3.3", says: "and the session stays",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, body: publisherTrickles, status: 204},
	{section: "WHIP 4.3.3", says: `a restart (If-Match: "*"): 200, a new entity tag, credentials and candidates`,
		method: "PATCH", target: "{publisher}", header: []string{fragments, `If-Match: "*"`}, body: restarts, status: 200,
		want: []string{fragments, strongTag},
		text: []string{`^a=ice-ufrag:.{4,}\r$`, `^a=ice-pwd:.{22,}\r$`, `^a=candidate:.* typ host\r$`, `^m=video 9 `, `^a=mid:0\r$`}, keep: "restart"},
	{section: "WHIP 4.3.1", says: "the entity tag from before a restart: 412",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, body: restarts, status: 412},
	{section: "WHIP 4.3.3", says: "a restart whose answer was lost may be asked for again: the same answer",
		method: "PATCH", target: "{publisher}", header: []string{fragments, `If-Match: "*"`}, body: restarts, status: 200,
		want: []string{fragments, "ETag: {restart-etag}"}, text: []string{`^a=ice-ufrag:.{4,}\r$`, `^a=ice-pwd:.{22,}\r$`, `^a=candidate:.* typ host\r$`}},
	{section: "WHIP 4.3.1", says: "a restart back to credentials that were there before",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: *"}, body: publisherIs, status: 200, want: []string{strongTag}},
	{section: "WHIP 4.3.1", says: "has an entity tag of its own: the one that they had then is outdated",
		method: "PATCH", target: "{publisher}", header: []string{fragments, "If-Match: {publisher-etag}"}, body: publisherTrickles, status: 412},
	{section: "WHEP 4.5.3", says: "a restart (RFC 9110: If-Match: *): 200, a new entity tag, credentials and candidates",
		method: "PATCH", target: "{viewer}", header: []string{fragments, "If-Match: *"}, body: restarts, status: 200,
		want: []string{fragments, strongTag}, text: []string{`^a=ice-ufrag:.{4,}\r$`, `^a=ice-pwd:.{22,}\r$`, `^a=candidate:.* typ host\r$`}},
	{section: "RFC 9110 15.5.5", says: "PATCH of a session that is not there: 404",
		method: "PATCH", target: "/whip/live/nobody", header: []string{fragments, `If-Match: "*"`}, body: restarts, status: 404, want: []string{problem}},
}

// Fragments as the publisher and the viewer send them.
var (
	publisherIs       = fragment("{publisher-ufrag}", "{publisher-pwd}")
	publisherTrickles = fragment("{publisher-ufrag}", "{publisher-pwd}", "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host")
	viewerTrickles    = fragment("{viewer-ufrag}", "{viewer-pwd}", "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host")
	restarts          = fragment("brandnew", "vw5LmwG4y/e6dPP/zAP9Gp5k", "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host")
)

// hostCandidates are the lines of so many, each on its own port.
func hostCandidates(n int) string {
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "a=candidate:1 1 udp 2122260223 192.0.2.1 %d typ host\r\n", 40_000+i)
	}
	return lines.String()
}

// crossOrigin is what the Fetch standard asks for pages of another origin.
var crossOrigin = []requirement{
	{section: "WHIP 4.2", says: "a preflight of an allowed origin is granted (Fetch)",
		method: "OPTIONS", target: "/whip/new", header: []string{school, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type"}, status: 200,
		want: []string{"Access-Control-Allow-Origin: https://school.example", "Access-Control-Allow-Methods: .*POST.*",
			"Access-Control-Allow-Headers: .*Content-Type.*", "Access-Control-Allow-Headers: .*Authorization.*", "Vary: .*Origin.*"}},
	{section: "WHEP 4.4", says: "a session's preflight is granted, If-Match with it",
		method: "OPTIONS", target: "{viewer}", header: []string{school, "Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: if-match"}, status: 200,
		want: []string{"Access-Control-Allow-Origin: https://school.example", "Access-Control-Allow-Methods: .*PATCH.*",
			"Access-Control-Allow-Methods: .*DELETE.*", "Access-Control-Allow-Headers: .*If-Match.*"}},
	{section: "WHIP 4.2", says: "clients that ask by OPTIONS themselves may do so",
		method: "OPTIONS", target: "/whip/new", header: []string{school, "Access-Control-Request-Method: OPTIONS"}, status: 200,
		want: []string{"Access-Control-Allow-Methods: .*OPTIONS.*"}},
	{section: "WHEP 4.3.1", says: "an allowed origin's page may read the fields that it needs",
		method: "POST", target: "/whep/live", header: []string{school, offers}, body: "{receive}", status: 201,
		want: []string{"Access-Control-Allow-Origin: https://school.example", "Vary: .*Origin.*", "Access-Control-Expose-Headers: .*Location.*",
			"Access-Control-Expose-Headers: .*ETag.*", "Access-Control-Expose-Headers: .*Link.*"}},
	{section: "WHEP 4.3.1", says: "and that of a refusal",
		method: "POST", target: "/whep/idle", header: []string{school, offers}, body: "{receive}", status: 409,
		want: []string{"Access-Control-Allow-Origin: https://school.example", "Access-Control-Expose-Headers: .*Retry-After.*"}},
	{section: "RFC 6454 7", says: "another origin's page may not publish",
		method: "POST", target: "/whip/new", header: []string{stranger, offers}, body: "{send}", status: 403,
		want: []string{"!Access-Control-Allow-Origin", "!Location"}},
	{section: "RFC 6454 7", says: "nor ask whether it might",
		method: "OPTIONS", target: "/whep/live", header: []string{stranger, "Access-Control-Request-Method: POST"}, status: 403,
		want: []string{"!Access-Control-Allow-Origin", "!Access-Control-Allow-Methods"}},
}

const (
	school   = "Origin: https://school.example"
	stranger = "Origin: https://stranger.example"
)

// eventStreams is what the core extensions say of server-sent events.
var eventStreams = []requirement{
	{section: "events 4", says: "an event stream is made: 201 with Location",
		method: "POST", target: "{viewer}/sse", header: []string{jsonBody}, body: `["active"]`, status: 201,
		want: []string{`Location: {viewer}/sse/.+`}, keep: "active"},
	{section: "events 4.1", says: "the stream of a live room begins with active",
		method: "GET", target: "{active}", header: []string{listens}, status: 200,
		want: []string{"Content-Type: text/event-stream.*"}, text: []string{`^event: active$`, `^data: \{\}$`}},
	{section: "events 4", says: "all events are meant when none is named",
		method: "POST", target: "{viewer}/sse", status: 201, keep: "all"},
	{section: "events 4", says: "another subset",
		method: "POST", target: "{viewer}/sse", header: []string{jsonBody}, body: `["viewercount"]`, status: 201, keep: "count"},
	{section: "events 4.4", says: "viewercount is one line of JSON",
		method: "GET", target: "{count}", header: []string{listens}, status: 200, text: []string{`^event: viewercount$`, `^data: \{"viewercount":\d+\}$`}},
	{section: "events 4", says: "an event that is not sent can't be asked for",
		method: "POST", target: "{viewer}/sse", header: []string{jsonBody}, body: `["active","scte35"]`, status: 400,
		want: []string{problem, "!Location"}, text: []string{"scte35"}},
	{section: "events 4", says: "a player of another room, who does not listen",
		method: "POST", target: "{left-viewer}/sse", header: []string{jsonBody}, body: `["active","inactive"]`, status: 201, keep: "left"},
	{section: "WHIP 4.2", says: "whose publisher leaves",
		method: "DELETE", target: "{left-publisher}", status: 200},
	{section: "events 4.2", says: "hears of it as soon as he listens",
		method: "GET", target: "{left}", header: []string{listens}, status: 200, text: []string{`^event: inactive$`, `^data: \{\}$`}},
	{section: "events 4.2", says: "and again, as the answer may have been lost",
		method: "GET", target: "{left}", header: []string{listens}, status: 200, text: []string{`^event: inactive$`, `^data: \{\}$`}},
	{section: "events 4", says: "a stream ends with DELETE",
		method: "DELETE", target: "{count}", status: 200},
	{section: "events 4", says: "and is not found after that",
		method: "GET", target: "{count}", header: []string{listens}, status: 404, want: []string{problem}},
}

const (
	jsonBody = "Content-Type: application/json"
	listens  = "Accept: text/event-stream"
)

// farewells is how sessions end.
var farewells = []requirement{
	{section: "WHEP 4.4", says: "DELETE ends the session, whatever entity tag is named",
		method: "DELETE", target: "{viewer}", header: []string{`If-Match: "outdated"`}, status: 200},
	{section: "WHEP 4.4", says: "twice is once too often: 404",
		method: "DELETE", target: "{viewer}", status: 404, want: []string{problem}},
	{section: "events 4", says: "a session's event streams end with it",
		method: "GET", target: "{all}", header: []string{listens}, status: 404},
	{section: "WHIP 4.2", says: "DELETE ends the session, whatever entity tag is named",
		method: "DELETE", target: "{publisher}", header: []string{`If-Match: "outdated"`}, status: 200},
	{section: "WHIP 4.2", says: "twice is once too often: 404",
		method: "DELETE", target: "{publisher}", status: 404, want: []string{problem}},
	{section: "RFC 9110 15.5.5", says: "nothing is left to restart",
		method: "PATCH", target: "{publisher}", header: []string{fragments, `If-Match: "*"`}, body: restarts, status: 404},
	{section: "WHIP 4.2", says: "the room is free again",
		method: "POST", target: "/whip/live", header: []string{offers}, body: "{send}", status: 201},
}
