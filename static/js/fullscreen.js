// Full screen, with the iPhone's own way.

/** @typedef {HTMLVideoElement & {webkitEnterFullscreen?: () => void}} Video */

/** Whether there is a way at all. @param {Video} video */
export function canFullscreen(video) {
  return document.fullscreenEnabled || Boolean(video.webkitEnterFullscreen);
}

/**
 * @param {HTMLElement} player
 * @param {Video} video
 */
export function toggleFullscreen(player, video) {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (document.fullscreenEnabled) void player.requestFullscreen();
  // iPhones know only the video's own full screen, and not before it has a picture.
  else if (video.readyState > 0) video.webkitEnterFullscreen?.();
}
