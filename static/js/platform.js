// Which system a browser runs on.

/** @typedef {'windows'|'macos'|'ios'|'android'|'linux'} System */

/**
 * What a browser tells of itself.
 * @typedef {object} Told
 * @property {{platform: string}} [userAgentData]
 * @property {string} userAgent
 * @property {string} platform
 * @property {number} maxTouchPoints
 */

/** In this order: phones name the desktop that they come from, too. @type {[RegExp, System][]} */
const SYSTEMS = [[/iPhone|iPad|iPod|iOS/, 'ios'], [/Android/, 'android'], [/Win/, 'windows'], [/[Mm]ac/, 'macos']];

/**
 * @param {Told} told
 * @returns {System}
 */
export function systemOf({ userAgentData, userAgent, platform, maxTouchPoints }) {
  // iPadOS says that it is a Mac; no Mac has a touch screen.
  if (platform === 'MacIntel' && maxTouchPoints > 1) return 'ios';
  const text = userAgentData?.platform || `${userAgent} ${platform}`;
  return SYSTEMS.find(([pattern]) => pattern.test(text))?.[1] ?? 'linux';
}
