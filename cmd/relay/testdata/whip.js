// A WHIP publisher and a WHEP player as their texts have them, and no more: put
// into pages of the tests before their own scripts.

window.whip = (() => {
  let peer = null

  async function negotiate(url) {
    await peer.setLocalDescription()
    const response = await fetch(url, {
      method: 'POST', headers: {'Content-Type': 'application/sdp'}, body: peer.localDescription.sdp,
    })
    const text = await response.text()
    if (response.status !== 201) throw new Error(`${response.status}: ${text}`)
    await peer.setRemoteDescription({type: 'answer', sdp: text})
    return new URL(response.headers.get('Location'), url).href
  }

  // publish sends a stream's picture in one codec ("video/VP8") and returns the
  // session's URL.
  function publish(url, stream, codec) {
    peer = new RTCPeerConnection()
    const [track] = stream.getVideoTracks()
    const transceiver = peer.addTransceiver(track, {direction: 'sendonly', streams: [stream]})
    const chosen = RTCRtpSender.getCapabilities('video').codecs
      .filter((c) => c.mimeType.toLowerCase() === codec.toLowerCase())
    transceiver.setCodecPreferences(chosen)
    return negotiate(url)
  }

  // play shows what comes in the page's <video> and returns the session's URL.
  function play(url) {
    peer = new RTCPeerConnection()
    peer.addTransceiver('video', {direction: 'recvonly'})
    peer.addTransceiver('audio', {direction: 'recvonly'})
    peer.addEventListener('track', (e) => { document.querySelector('video').srcObject = e.streams[0] })
    return negotiate(url)
  }

  window.relay = {peer: () => peer} // where the probe looks for it
  return {publish, play}
})()
