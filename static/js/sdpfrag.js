// The part of an SDP that an ICE restart over HTTP exchanges (RFC 8840, section 4.4; RFC 9725, section 4.3.3).

/** What a fragment says of the session, and of the one m-line that carries the bundle's ICE. */
const OF_SESSION = /^a=(group|ice-options|ice-lite)\b/;
const OF_MEDIA = /^(m=|a=(mid|ice-options|ice-ufrag|ice-pwd|candidate|end-of-candidates)\b)/;

/** @param {string} sdp */
function linesOf(sdp) {
  return sdp.split(/\r?\n/).filter((line) => line);
}

/** @param {string[]} lines */
function joined(lines) {
  return lines.map((line) => `${line}\r\n`).join('');
}

/**
 * Which PeerConnection made an offer: all offers of one have the same session id (RFC 9429, section 5.2.2).
 * @param {string} offer
 */
export function originOf(offer) {
  return /^o=\S+ (\S+)/m.exec(offer)?.[1] ?? '';
}

/**
 * The fragment of an offer that restarts ICE.
 * @param {string} offer
 */
export function fragmentOf(offer) {
  const lines = linesOf(offer);
  const starts = [...lines.keys()].filter((index) => lines[index].startsWith('m='));
  const session = lines.slice(0, starts[0]).filter((line) => OF_SESSION.test(line));
  const media = lines.slice(starts[0], starts[1]).filter((line) => OF_MEDIA.test(line));
  return joined([...session, ...media]);
}

/**
 * An answer with the credentials and candidates of a fragment in the place of its own.
 * @param {string} answer
 * @param {string} fragment
 */
export function restarted(answer, fragment) {
  const told = linesOf(fragment);
  /** @param {string} name */
  const line = (name) => told.find((candidate) => candidate.startsWith(`a=${name}:`)) ?? '';
  let candidates = told.filter((candidate) => /^a=(candidate|end-of-candidates)\b/.test(candidate));
  return joined(linesOf(answer).flatMap((old) => {
    if (/^a=(candidate|end-of-candidates)\b/.test(old)) return [];
    const [, name] = /^a=(ice-ufrag|ice-pwd|mid):/.exec(old) ?? [];
    if (name !== 'mid') return name ? [line(name)] : [old];
    // The first m-line's are the bundle's.
    const first = candidates;
    candidates = [];
    return [old, ...first];
  }));
}
