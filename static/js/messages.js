// The messages of the signaling WebSocket, as types. Nothing here runs.

/**
 * What is known of a room.
 * @typedef {object} Room
 * @property {'idle'|'live'|'away'} state
 * @property {string|null} since      RFC 3339
 * @property {'VP8'|'VP9'|'H264'|'AV1'|null} video
 * @property {boolean} audio
 * @property {number} viewers
 * @property {number} [unplayable]    viewers that lack the codec; told to the publisher
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
 * @property {string[]|null} [origins] under which viewers reach the relay; told to a publisher whose own is not for them; null: not known
 */
/** @typedef {WelcomeOnly & Room} Welcome */

/** @typedef {{type: 'room'} & Room} RoomMessage */
/** @typedef {{type: 'answer', sdp: string, resume?: string}} Answer  over HTTP it is the answer that comes with a token */

/**
 * @typedef {object} ErrorMessage
 * @property {'error'} type
 * @property {string} code
 * @property {string} message
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
 * @property {string} [name]
 * @property {string[]} [codecs]      like "video/VP8": what this browser can decode or encode
 */

/**
 * @typedef {Join
 *   | {type: 'offer', sdp: string}
 *   | {type: 'candidate', candidate: RTCIceCandidateInit|null}
 *   | {type: 'leave'} | Beat} FromPage
 */

export {};
