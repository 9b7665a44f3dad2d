// Figures out of getStats.

/**
 * @typedef {object} Outbound
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {number} bitrate        bit/s
 * @property {string} codec
 * @property {number} captured       frames that the source has given
 * @property {number} encoded        frames that the encoder has given
 */

/** @param {RTCStatsReport} report @param {string} type @param {string} kind @returns {any} */
function find(report, type, kind) {
  for (const entry of report.values()) {
    if (entry.type === type && entry.kind === kind) return entry;
  }
  return undefined;
}

/** What the presenter sends. Remembers the last report, so that bytes become a rate. */
export class OutboundMeter {
  #bytes = 0;
  #at = 0;
  #id = '';

  /**
   * @param {RTCStatsReport} report
   * @returns {Outbound|null}
   */
  read(report) {
    const video = find(report, 'outbound-rtp', 'video');
    if (!video) return null;
    const known = video.id === this.#id && video.timestamp > this.#at && video.bytesSent >= this.#bytes;
    const bitrate = known ? (8_000 * (video.bytesSent - this.#bytes)) / (video.timestamp - this.#at) : 0;
    [this.#id, this.#at, this.#bytes] = [video.id, video.timestamp, video.bytesSent];
    return {
      width: video.frameWidth ?? 0,
      height: video.frameHeight ?? 0,
      fps: Math.round(video.framesPerSecond ?? 0),
      bitrate,
      codec: (report.get(video.codecId)?.mimeType ?? '').replace('video/', ''),
      captured: find(report, 'media-source', 'video')?.frames ?? 0,
      encoded: video.framesEncoded ?? 0,
    };
  }
}

/**
 * What the encoder makes of the picture.
 * @param {RTCStatsReport} report
 * @returns {import('./sharpness.js').Encoded|null}
 */
export function sending(report) {
  const video = find(report, 'outbound-rtp', 'video');
  const source = find(report, 'media-source', 'video');
  if (!video || !source) return null;
  return {
    codec: (report.get(video.codecId)?.mimeType ?? '').replace('video/', ''),
    captured: source.frames ?? 0,
    encoded: video.framesEncoded ?? 0,
    qpSum: video.qpSum ?? 0,
  };
}

/**
 * @typedef {object} Inbound
 * @property {number} framesDecoded
 * @property {number} bytesReceived          payload only: probing padding is no picture
 * @property {number} jitterBufferDelay      seconds, sum over all frames
 * @property {number} jitterBufferEmittedCount
 */

/**
 * What a viewer receives of the picture.
 * @param {RTCStatsReport} report
 * @returns {Inbound|null}
 */
export function inbound(report) {
  const video = find(report, 'inbound-rtp', 'video');
  if (!video) return null;
  const { framesDecoded = 0, bytesReceived = 0, jitterBufferDelay = 0, jitterBufferEmittedCount = 0 } = video;
  return { framesDecoded, bytesReceived, jitterBufferDelay, jitterBufferEmittedCount };
}
