// Which video codecs this browser has, and which one to send.

/** The codecs that the relay carries, the one that plays everywhere first. */
export const VIDEO_CODECS = ['VP8', 'VP9', 'H264', 'AV1'];

/** What "Automatic" means. */
const AUTOMATIC = 'VP8';

/**
 * A browser's codecs as the wire names them, like "video/VP8".
 * @param {RTCRtpCapabilities|null|undefined} capabilities
 */
export function names(capabilities) {
  const all = (capabilities?.codecs ?? []).map((codec) => codec.mimeType.replace(/^video\/(\w+)$/i, (_, name) => `video/${name.toUpperCase()}`));
  return [...new Set(all)].filter((name) => VIDEO_CODECS.includes(name.slice('video/'.length)));
}

/**
 * Whether a browser has a codec.
 * @param {RTCRtpCapabilities|null|undefined} capabilities
 * @param {string} codec  like "VP8"
 */
export function has(capabilities, codec) {
  return names(capabilities).includes(`video/${codec}`);
}

/**
 * The choice that a link asks for (`?codec=vp8`); empty is "Automatic". Where it
 * cannot be had, `problem` is the key of the sentence about it.
 * @param {string} search
 * @param {RTCRtpCapabilities|null|undefined} capabilities
 */
export function fromQuery(search, capabilities) {
  const wanted = new URLSearchParams(search).get('codec')?.toUpperCase() ?? '';
  if (!wanted || has(capabilities, wanted)) return { wanted, codec: wanted, problem: null };
  return { wanted, codec: '', problem: VIDEO_CODECS.includes(wanted) ? 'push.not-encodable' : 'push.unknown-codec' };
}

/**
 * All codecs, the chosen one first. The others stay: the relay may lack the first one.
 * @param {RTCRtpCapabilities|null|undefined} capabilities
 * @param {string} choice  like "VP8"; empty is "Automatic"
 */
export function ordered(capabilities, choice) {
  const first = `video/${choice || AUTOMATIC}`.toLowerCase();
  const rank = (/** @type {RTCRtpCodec} */ codec) => (codec.mimeType.toLowerCase() === first ? 0 : 1);
  return [...(capabilities?.codecs ?? [])].sort((a, b) => rank(a) - rank(b));
}
