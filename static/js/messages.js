// The messages of the signaling WebSocket, as types. Nothing here runs.

/**
 * What is known of a room.
 * @typedef {object} Room
 * @property {'idle'|'live'|'away'} state
 * @property {string|null} since      RFC 3339
 * @property {'VP8'|'VP9'|'H264'|'AV1'|null} video
 * @property {boolean} audio
 * @property {number} viewers
 * @property {number} [unplayable]    viewers that lack the codec; told to the publisher, as what follows
 * @property {boolean} [locked]       nobody new gets in
 * @property {number} [maxViewers]
 * @property {number} [requests]      people who ask for the room
 */

/**
 * @typedef {object} WelcomeOnly
 * @property {'welcome'} type
 * @property {string} id
 * @property {string} room
 * @property {'publisher'|'viewer'} role
 * @property {RTCIceServer[]} iceServers
 * @property {string} resume          whoever holds it takes the session's place
 * @property {number} [maxBitrate]    bit/s; told to the publisher
 * @property {string} [invite]        a token that opens the room for viewers, for their link; told to a publisher
 * @property {string} [title]         what the room is called
 * @property {string[]|null} [origins] under which viewers reach the relay; told to a publisher whose own is not for them; null: not known
 */
/** @typedef {WelcomeOnly & Room} Welcome */

/** @typedef {{type: 'room'} & Room} RoomMessage */
/** @typedef {{type: 'answer', sdp: string, resume?: string, invite?: string}} Answer  over HTTP it is the answer that comes with the tokens */

/**
 * @typedef {object} ErrorMessage
 * @property {'error'} type
 * @property {string} code
 * @property {string} message
 * @property {string} [reason]        what the code leaves open
 * @property {string} [since]         room-busy: since when the other presenter is here
 * @property {number} [have]          rate-limited: bit/s that this viewer's network gets
 * @property {number} [need]          rate-limited: bit/s that the picture needs
 * @property {number} [retryAfter]    seconds
 */

/** @typedef {{type: 'bye', reason: string, retryAfter?: number}} Bye */
/** @typedef {{type: 'ping'}|{type: 'pong'}} Beat */

/** @typedef {Welcome|RoomMessage|Answer|ErrorMessage|Bye|Beat} FromRelay */

/**
 * @typedef {object} Join
 * @property {'join'} type
 * @property {string} [resume]        takes the place of the session that was given it
 * @property {string} [key]           a room's, where it has one
 * @property {string} [token]         or one made from it
 * @property {string} [device]        a random word that the browser keeps
 * @property {string} [name]
 * @property {string[]} [codecs]      like "video/VP8": what this browser can decode or encode
 */

/**
 * @typedef {Join
 *   | {type: 'offer', sdp: string}
 *   | {type: 'candidate', candidate: RTCIceCandidateInit|null}
 *   | {type: 'picture', picture: boolean}
 *   | {type: 'leave'} | Beat} FromPage
 */

export {};
