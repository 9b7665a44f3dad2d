// What the relay says of the certificate authority that it is for itself.

/**
 * @typedef {object} Authority
 * @property {string} name
 * @property {string} fingerprint  SHA-256, like "AB:CD:…"
 * @property {string} until        RFC 3339
 */

/** @typedef {{state: 'ready', authority: Authority}|{state: 'none'|'failed'}} Asked */

/**
 * Asks the relay for its authority; it may have none.
 * @param {typeof fetch} ask
 * @returns {Promise<Asked>}
 */
export async function askAuthority(ask) {
  try {
    const response = await ask('/trust/ca.json', { cache: 'no-store' });
    if (response.status === 404) return { state: 'none' };
    if (!response.ok) return { state: 'failed' };
    return { state: 'ready', authority: await response.json() };
  } catch {
    return { state: 'failed' };
  }
}

/** How many bytes an eye compares at once. */
const GROUP = 4;

/**
 * A fingerprint in groups that can be compared. Put together they are what the
 * terminal shows, which is what whoever copies it gets.
 * @param {string} fingerprint
 */
export function groups(fingerprint) {
  return fingerprint.match(new RegExp(`([^:]+:?){1,${GROUP}}`, 'g')) ?? [];
}

/**
 * The first and the last bytes of a fingerprint, in each way in which systems
 * write one. For drawings only: what is compared is all of it.
 * @param {string} fingerprint
 */
export function ends(fingerprint) {
  const bytes = fingerprint.split(':');
  const shown = [...bytes.slice(0, 2), '…', ...bytes.slice(-2)];
  return { colons: shown.join(':'), spaces: shown.join(' '), digits: shown.join('').toLowerCase() };
}
