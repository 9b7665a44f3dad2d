// The sound of the screen and of the microphone, mixed into one track.

/**
 * One AudioContext whose output feeds the sender: sources come and go without
 * renegotiation. Owns the context and its nodes. Made in a click, or the
 * browser keeps it suspended.
 */
export class Mixer {
  #context = new AudioContext({ latencyHint: 'interactive', sampleRate: 48_000 });
  #output = this.#context.createMediaStreamDestination();
  #voice = this.#context.createGain();
  #meter = this.#context.createAnalyser();
  /** @type {MediaStreamAudioSourceNode|null} */ #screen = null;
  /** @type {MediaStreamAudioSourceNode|null} */ #microphone = null;
  #samples = new Float32Array(1024);

  constructor() {
    this.#output.channelCount = 2;
    this.#meter.fftSize = this.#samples.length;
    this.#voice.connect(this.#meter);
    this.#voice.connect(this.#output);
  }

  /** The track to send: null while there is nothing to hear, so that viewers are sent no silence. */
  get track() {
    return this.#screen || this.#microphone ? this.#output.stream.getAudioTracks()[0] : null;
  }

  /** @param {MediaStream|null} stream  without a sound track it is as good as null */
  setScreen(stream) {
    this.#screen?.disconnect();
    this.#screen = this.#source(stream);
    this.#screen?.connect(this.#output);
  }

  /** @param {MediaStream|null} stream */
  setMicrophone(stream) {
    this.#microphone?.disconnect();
    this.#microphone = this.#source(stream);
    this.#microphone?.connect(this.#voice);
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    // A short ramp: a step would click.
    this.#voice.gain.setTargetAtTime(muted ? 0 : 1, this.#context.currentTime, 0.01);
  }

  /** How loud the microphone is, 0 to 1, on a scale that follows the ear. */
  level() {
    this.#meter.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    const decibels = 10 * Math.log10(power + 1e-10);
    return Math.min(1, Math.max(0, 1 + decibels / 60));
  }

  /** @param {MediaStream|null} stream */
  #source(stream) {
    void this.#context.resume();
    return stream?.getAudioTracks().length ? this.#context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())) : null;
  }
}
