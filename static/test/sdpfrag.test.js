import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fragmentOf, originOf, restarted } from '../js/sdpfrag.js';

/** Lines as they are on the wire. */
function sdp(...lines) {
  return lines.map((line) => `${line}\r\n`).join('');
}

const offer = sdp(
  'v=0', 'o=- 4541478638207698795 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1', 'a=msid-semantic: WMS',
  'm=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=candidate:1 1 udp 2 192.0.2.1 9 typ host', 'a=ice-ufrag:new', 'a=ice-pwd:secret',
  'a=ice-options:trickle', 'a=fingerprint:sha-256 00', 'a=setup:actpass', 'a=mid:0', 'a=rtcp-mux',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=ice-ufrag:new', 'a=ice-pwd:secret', 'a=mid:1',
);

test('a fragment has the ICE of the bundle and nothing else', () => {
  assert.equal(fragmentOf(offer), sdp(
    'a=group:BUNDLE 0 1', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=candidate:1 1 udp 2 192.0.2.1 9 typ host', 'a=ice-ufrag:new', 'a=ice-pwd:secret',
    'a=ice-options:trickle', 'a=mid:0',
  ));
});

test('offers of one PeerConnection have one origin', () => {
  assert.equal(originOf(offer), '4541478638207698795');
  assert.equal(originOf(offer.replace('795 2 IN', '795 3 IN')), originOf(offer));
  assert.equal(originOf(''), '');
});

test('a restarted answer has the new credentials everywhere, and the new candidates once', () => {
  const answer = sdp(
    'v=0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:0', 'a=ice-ufrag:old', 'a=ice-pwd:old', 'a=candidate:7 1 udp 2 192.0.2.7 9 typ host', 'a=end-of-candidates',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:1', 'a=ice-ufrag:old', 'a=ice-pwd:old', 'a=sendonly',
  );
  const fragment = sdp('a=ice-ufrag:fresh', 'a=ice-pwd:key', 'm=video 9 X 96', 'a=mid:0', 'a=candidate:8 1 udp 2 192.0.2.8 9 typ host', 'a=end-of-candidates');
  assert.equal(restarted(answer, fragment), sdp(
    'v=0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:0', 'a=candidate:8 1 udp 2 192.0.2.8 9 typ host', 'a=end-of-candidates', 'a=ice-ufrag:fresh', 'a=ice-pwd:key',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:1', 'a=ice-ufrag:fresh', 'a=ice-pwd:key', 'a=sendonly',
  ));
});
