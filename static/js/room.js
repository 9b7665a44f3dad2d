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
 * Whether other machines cannot open this address.
 * @param {string} hostname
 */
export function onlyHere(hostname) {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * The address to give to viewers. A presenter on the relay's own machine knows
 * it as localhost, which is no address for anybody else.
 * @param {{origin: string, hostname: string}} location
 * @param {string} room
 * @param {string[]} hosts  "host:port" of the relay on its networks, best first
 */
export function viewersURL(location, room, hosts) {
  const elsewhere = onlyHere(location.hostname) && hosts.length > 0;
  return pageURL(elsewhere ? { origin: `http://${hosts[0]}` } : location, 'pull', room);
}

/**
 * Where to present from when this page is not allowed to: on the relay's own
 * machine, or over https. A port of its own speaks plain http.
 * @param {{host: string, port: string, pathname: string, search: string}} location
 */
export function secureURLs({ host, port, pathname, search }) {
  const page = `${pathname}${search}`;
  return { here: `http://localhost${port && `:${port}`}${page}`, https: port ? null : `https://${host}${page}` };
}
