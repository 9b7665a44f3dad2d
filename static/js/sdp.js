// What has no API and is written into our own offer.

/**
 * Asks for Opus in stereo: a receiver that does not say so is given a mono downmix (RFC 7587, section 7.1).
 * @param {string} sdp
 */
export function stereo(sdp) {
  const payloadType = /^a=rtpmap:(\d+) opus\//im.exec(sdp)?.[1];
  if (!payloadType) return sdp;
  const fmtp = new RegExp(`^a=fmtp:${payloadType} (?!.*\\bstereo=).*$`, 'm');
  return sdp.replace(fmtp, (line) => `${line};stereo=1`);
}
