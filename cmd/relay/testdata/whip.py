#!/usr/bin/python3
"""Publishes what comes from standard input by WHIP, with GStreamer's webrtcbin.

Usage: whip.py URL vp8|h264 < raw pictures (I420, 640 x 352, 30 a second)

Needs python3-gi, gir1.2-gst-plugins-bad-1.0 and GStreamer's plug-ins.
"""

import sys
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

ENCODERS = {
    "vp8": "vp8enc deadline=1 cpu-used=8 target-bitrate=2000000 keyframe-max-dist=60 ! rtpvp8pay",
    "h264": "x264enc tune=zerolatency speed-preset=veryfast bitrate=2000 key-int-max=60"
    " ! video/x-h264,profile=constrained-baseline"
    " ! rtph264pay config-interval=-1 aggregate-mode=zero-latency",
}

PIPELINE = """
    fdsrc ! rawvideoparse width=640 height=352 format=i420 framerate=30/1
    ! videoconvert ! queue ! {encoder}
    ! application/x-rtp,media=video,encoding-name={name},payload=96
    ! webrtcbin name=peer bundle-policy=max-bundle
"""


class Publisher:
    """One WHIP session. The main loop owns all of it."""

    def __init__(self, url, codec):
        self.url = url
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(PIPELINE.format(encoder=ENCODERS[codec], name=codec.upper()))
        self.peer = self.pipeline.get_by_name("peer")
        self.peer.connect("on-negotiation-needed", self.create_offer)
        self.peer.connect("notify::ice-gathering-state", self.gathering)

    def create_offer(self, peer):
        transceiver = peer.emit("get-transceiver", 0)
        transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.set_offer))

    def set_offer(self, promise):
        reply = promise.get_reply()  # the offer lives in it
        self.peer.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def gathering(self, peer, _):
        """Sends the offer once it has all candidates: WHIP's simplest client."""
        if peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.post)

    def post(self):
        offer = self.peer.get_property("local-description").sdp.as_text()
        request = urllib.request.Request(
            self.url, offer.encode(), {"Content-Type": "application/sdp"}, method="POST")
        with urllib.request.urlopen(request) as response:
            self.session = urllib.parse.urljoin(self.url, response.headers["Location"])
            _, sdp = GstSdp.SDPMessage.new_from_text(response.read().decode())
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.peer.emit("set-remote-description", answer, Gst.Promise.new())

    def run(self):
        """Publishes until standard input ends, and then deletes the session."""
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.fail)
        sink = self.peer.get_static_pad("sink_0")
        sink.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self.watch_for_end)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        urllib.request.urlopen(urllib.request.Request(self.session, method="DELETE")).close()
        self.pipeline.set_state(Gst.State.NULL)

    def watch_for_end(self, _, info):
        """Quits at the end of the stream, of which webrtcbin itself says nothing."""
        if info.get_event().type == Gst.EventType.EOS:
            self.loop.quit()
        return Gst.PadProbeReturn.OK

    def fail(self, _, message):
        sys.exit(str(message.parse_error()))


if __name__ == "__main__":
    Gst.init(None)
    Publisher(sys.argv[1], sys.argv[2]).run()
