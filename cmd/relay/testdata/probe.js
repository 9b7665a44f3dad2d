// Put into every page before its own scripts: reads the pattern's cells back
// from a <video>, listens to its sound, and notes what the page's
// RTCPeerConnections and captures go through.

window.probe = (() => {
  const states = []    // {state, at}: each connectionState of each RTCPeerConnection
  const captured = []  // when each getDisplayMedia resolved
  const frames = []    // {counter, clock, at}: each frame that was presented
  let unreadable = 0

  const wallClock = () => performance.timeOrigin + performance.now()

  const Original = window.RTCPeerConnection
  window.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args)
      states.push({state: this.connectionState, at: wallClock()})
      this.addEventListener('connectionstatechange', () => states.push({state: this.connectionState, at: wallClock()}))
    }
  }

  if (navigator.mediaDevices?.getDisplayMedia) {
    const devices = navigator.mediaDevices
    const original = devices.getDisplayMedia.bind(devices)
    devices.getDisplayMedia = async (...args) => {
      const stream = await original(...args)
      captured.push(wallClock())
      return stream
    }
  }

  const canvas = new OffscreenCanvas(64, 16)
  const context = canvas.getContext('2d', {willReadFrequently: true})

  // read returns {counter, clock} of the picture shown now, or null when the
  // cells make no sense.
  function read(video) {
    if (!video.videoWidth) return null
    context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 4, 0, 0, 64, 16)
    const pixels = context.getImageData(0, 0, 64, 16).data
    const bits = Array.from({length: 64}, (_, i) => {
      const x = (i % 16) * 4 + 2
      const y = Math.floor(i / 16) * 4 + 2
      return pixels[(y * 64 + x) * 4 + 1] > 127 ? 1 : 0
    })
    const value = (from, to) => bits.slice(from, to).reduce((sum, bit) => sum * 2 + bit, 0)
    let sum = 0x5a
    for (let i = 0; i < 56; i += 8) sum = (sum * 31 + value(i, i + 8)) % 256
    if (sum !== value(56, 64)) return null
    return {counter: value(0, 24), clock: value(24, 56)}
  }

  function note(video) {
    const cells = read(video)
    if (cells) frames.push({...cells, at: wallClock()})
    else unreadable++
  }

  // watch notes every frame that the page's <video> presents.
  function watch() {
    const video = document.querySelector('video')
    if (!video) return
    const onFrame = () => { note(video); video.requestVideoFrameCallback(onFrame) }
    video.requestVideoFrameCallback(onFrame)
  }

  function current() {
    const video = document.querySelector('video')
    return video ? read(video) : null
  }

  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))

  // collect watches for so long and returns what was presented meanwhile.
  async function collect(milliseconds) {
    const from = frames.length
    const before = unreadable
    await pause(milliseconds)
    return {
      frames: frames.slice(from).map((f) => ({counter: f.counter, late: (f.at - f.clock) % 2 ** 32})),
      unreadable: unreadable - before,
    }
  }

  const rms = (samples) => Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length)

  // level is the amplitude, in dB of full scale, that an analyser finds around
  // a frequency.
  function level(analyser, frequency) {
    const bins = new Float32Array(analyser.frequencyBinCount)
    analyser.getFloatFrequencyData(bins)
    const centre = Math.round(frequency * analyser.fftSize / analyser.context.sampleRate)
    return Math.max(...bins.slice(centre - 2, centre + 3))
  }

  // listen returns the loudness of each channel of the <video>'s sound, and of
  // each frequency asked for the highest level, within a second.
  async function listen(...frequencies) {
    const audio = new AudioContext()
    const source = audio.createMediaStreamSource(document.querySelector('video').srcObject)
    const splitter = new ChannelSplitterNode(audio, {numberOfOutputs: 2})
    source.connect(splitter)
    const analysers = [0, 1].map((channel) => {
      const analyser = new AnalyserNode(audio, {fftSize: 8192, smoothingTimeConstant: 0})
      splitter.connect(analyser, channel)
      return analyser
    })
    const levels = frequencies.map(() => -Infinity)
    while (audio.currentTime < 0.3) await pause(20)
    while (audio.currentTime < 1.3) {
      frequencies.forEach((f, i) => { levels[i] = Math.max(levels[i], ...analysers.map((a) => level(a, f))) })
      await pause(50)
    }
    const samples = new Float32Array(8192)
    const [left, right] = analysers.map((a) => { a.getFloatTimeDomainData(samples); return rms(samples) })
    await audio.close()
    return {left, right, levels}
  }

  // picture is the frame shown now, in its own resolution.
  function picture() {
    const video = document.querySelector('video')
    const whole = document.createElement('canvas')
    whole.width = video.videoWidth
    whole.height = video.videoHeight
    whole.getContext('2d').drawImage(video, 0, 0)
    return whole.toDataURL('image/png')
  }

  // newer returns the first frame presented here that was drawn after a time.
  function newer(time) {
    const after = (clock) => (clock - time % 2 ** 32 + 2 ** 32) % 2 ** 32
    return frames.find((f) => after(f.clock) > 0 && after(f.clock) < 2 ** 31) ?? null
  }

  // lastState is when the newest connection reached a state.
  const lastState = (state) => states.findLast((s) => s.state === state)?.at ?? null

  // stats returns the RTCStats of one type and kind of the page's connection.
  async function stats(type, kind) {
    const report = await window.relay.peer().getStats()
    return [...report.values()].find((s) => s.type === type && s.kind === kind) ?? {}
  }

  // codec is what the page's video is sent or received in.
  async function codec() {
    const report = await window.relay.peer().getStats()
    const video = [...report.values()].find((s) => /^(in|out)bound-rtp$/.test(s.type) && s.kind === 'video' && s.codecId)
    return video ? report.get(video.codecId).mimeType : null
  }

  addEventListener('DOMContentLoaded', watch)

  return {states, captured, frames, pause, watch, current, newer, lastState, collect, listen, picture, stats, codec}
})()
