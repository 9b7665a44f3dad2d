// Rooms and their addresses.

export const DEFAULT_ROOM = 'main';

/** @param {string} name */
export function validRoom(name) {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name);
}

/**
 * The room of a page's path, like "/pull/math".
 * @param {string} path
 */
export function roomOf(path) {
  return path.split('/')[2] || DEFAULT_ROOM;
}

/**
 * The address of a page.
 * @param {{origin: string}} location
 * @param {'push'|'pull'} page
 * @param {string} room
 */
export function pageURL(location, page, room) {
  return `${location.origin}/${page}${room === DEFAULT_ROOM ? '' : `/${room}`}`;
}

/**
 * The address of the signaling WebSocket.
 * @param {{protocol: string, host: string}} location
 * @param {'push'|'pull'} page
 * @param {string} room
 */
export function socketURL(location, page, room) {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/${page}/${room}`;
}

/**
 * The path of the WHIP or WHEP endpoint that a page uses where it has no WebSocket.
 * @param {'push'|'pull'} page
 * @param {string} room
 */
export function endpoint(page, room) {
  return `/${page === 'push' ? 'whip' : 'whep'}/${room}`;
}

/**
 * The path of what the relay says of a room.
 * @param {string} room
 */
export function roomURL(room) {
  return `/api/rooms/${room}`;
}

/**
 * Whether other machines cannot open this address.
 * @param {string} hostname
 */
export function onlyHere(hostname) {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * The address to give to viewers. Under https with the relay's own certificate
 * they need none: their origin has this page's name. A presenter on the relay's
 * machine knows it as localhost, which is no address for anybody else. Null on a
 * page over https while the relay has not said: the page's own may be one that
 * browsers warn of.
 * @param {{origin: string, protocol: string, hostname: string}} location
 * @param {string} room
 * @param {string[]|null} told  origins of the relay for viewers, best first; null until it has said
 */
export function viewersURL(location, room, told) {
  if (!told && location.protocol === 'https:') return null;
  const origins = told ?? [];
  const same = origins.find((origin) => new URL(origin).hostname === location.hostname);
  const origin = same ?? (onlyHere(location.hostname) ? origins[0] : undefined) ?? location.origin;
  return pageURL({ origin }, 'pull', room);
}

/**
 * Where to present from when this page is not allowed to: on the relay's own
 * machine, or over https. The relay takes pages to https by itself where it
 * speaks it, so a port of its own is plain http.
 * @param {{host: string, port: string, pathname: string, search: string}} location
 */
export function secureURLs({ host, port, pathname, search }) {
  const page = `${pathname}${search}`;
  return { here: `http://localhost${port && `:${port}`}${page}`, https: port ? null : `https://${host}${page}` };
}
