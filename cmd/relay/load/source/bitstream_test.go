package source

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"
	"github.com/pion/rtp/codecs/av1/obu"
	"github.com/pion/rtp/codecs/vp9"
)

// depacketizer is what Pion reads payloads with.
type depacketizer interface {
	Unmarshal(payload []byte) ([]byte, error)
	IsPartitionHead(payload []byte) bool
}

func stream(t *testing.T, codec Codec, packets int) *Source {
	t.Helper()
	return newSource(t, Options{Codec: codec, FPS: 30, PacketSize: 300, PacketsPerFrame: packets})
}

// unpack is the frame as a decoder gets it.
func unpack(t *testing.T, d depacketizer, f Frame) (frame []byte) {
	t.Helper()
	for i, p := range f.Packets {
		if head := d.IsPartitionHead(p); i == 0 && !head {
			t.Errorf("packet %d is no head: % x", i, p[:8])
		}
		part, err := d.Unmarshal(p)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		frame = append(frame, part...)
	}
	return frame
}

// bits reads a header.
type bits struct {
	rest []byte
	at   int
}

func (b *bits) u(n int) (value int) {
	for range n {
		value = value<<1 | int(b.rest[b.at/8]>>(7-b.at%8)&1)
		b.at++
	}
	return value
}

func (b *bits) ue() int {
	zeros := 0
	for b.u(1) == 0 {
		zeros++
	}
	return 1<<zeros - 1 + b.u(zeros)
}

func nals(t *testing.T, frame []byte) [][]byte {
	t.Helper()
	parts := bytes.Split(frame, []byte{0, 0, 0, 1})
	if len(parts[0]) != 0 || bytes.Contains(bytes.Join(parts, []byte{0xff}), []byte{0, 0}) {
		t.Errorf("a start code or what needs emulation prevention within a unit")
	}
	return parts[1:]
}

func TestH264(t *testing.T) {
	for _, packets := range []int{1, 2, 10} {
		s := stream(t, H264, packets)
		for i := range 40 {
			if i == 20 || i == 21 {
				s.RequestKeyFrame()
			}
			f := s.Next(testStart)
			units := nals(t, unpack(t, &codecs.H264Packet{}, f))
			if f.Key != (i == 0 || i == 20 || i == 21) {
				t.Fatalf("frame %d: key %t", i, f.Key)
			}
			if !f.Key {
				checkSlice(t, units, 0x41, 5, i%21&15)
				continue
			}
			if len(units) != 4 || !bytes.Equal(units[0], h264SPS) || !bytes.Equal(units[1], h264PPS) || units[2][0]&0x1f != nalSEI {
				t.Fatalf("frame %d: key frame of %d units", i, len(units))
			}
			checkSEI(t, units[2])
			checkSlice(t, units[3:], 0x65, 7, 0)
		}
	}
}

// checkSlice reads a slice header (H.264 section 7.3.3).
func checkSlice(t *testing.T, units [][]byte, header byte, kind, number int) {
	t.Helper()
	if len(units) != 1 || units[0][0] != header {
		t.Fatalf("%d units, the first %#x", len(units), units[0][0])
	}
	b := bits{rest: units[0][1:]}
	if first, slice, parameters := b.ue(), b.ue(), b.ue(); first != 0 || slice != kind || parameters != 0 {
		t.Errorf("slice of type %d at %d, parameter set %d", slice, first, parameters)
	}
	if got := b.u(4); got != number {
		t.Errorf("frame_num %d, want %d", got, number)
	}
}

func checkSEI(t *testing.T, sei []byte) {
	t.Helper()
	if size := len(sei) - 4; sei[1] != 5 || int(sei[2]) != size || sei[len(sei)-1] != 0x80 {
		t.Errorf("SEI of %d bytes, 0x80 to end it: % x", size, sei)
	}
}

// TestH264SPS reads it as H.264 section 7.3.2.1.1 lays it out.
func TestH264SPS(t *testing.T) {
	b := bits{rest: h264SPS[1:]}
	if profile := b.u(24); profile != 0x42e01f {
		t.Errorf("profile-level-id %x", profile)
	}
	for _, field := range []struct {
		name string
		got  int
		want int
	}{
		{"id", b.ue(), 0}, {"log2_max_frame_num_minus4", b.ue(), 0}, {"pic_order_cnt_type", b.ue(), 2},
		{"max_num_ref_frames", b.ue(), 1}, {"gaps", b.u(1), 0}, {"width", 16 * (b.ue() + 1), Width},
		{"height", 16 * (b.ue() + 1), Height}, {"frame_mbs_only", b.u(1), 1}, {"direct_8x8", b.u(1), 1},
		{"cropping", b.u(1), 0}, {"vui", b.u(1), 0}, {"stop bit", b.u(1), 1}, {"rest", b.u(len(b.rest)*8 - b.at), 0},
	} {
		if field.got != field.want {
			t.Errorf("%s: %d, want %d", field.name, field.got, field.want)
		}
	}
}

// Two IDR pictures in a row differ in idr_pic_id (H.264 section 7.4.3).
func TestH264KeyFramesInARow(t *testing.T) {
	s := stream(t, H264, 1)
	last := -1
	for range 5 {
		s.RequestKeyFrame()
		idr := s.Next(testStart).Packets[1]
		b := bits{rest: idr[1:]}
		b.ue()
		b.ue()
		b.ue()
		b.u(4)
		id := b.ue()
		if id == last {
			t.Errorf("idr_pic_id %d again", id)
		}
		last = id
	}
}

func TestVP8(t *testing.T) {
	s := stream(t, VP8, 3)
	s.frames = 1<<15 - 2
	for i, id := range []uint16{1<<15 - 2, 1<<15 - 1, 0, 1} {
		f := s.Next(testStart)
		for n, p := range f.Packets {
			var d codecs.VP8Packet
			if _, err := d.Unmarshal(p); err != nil {
				t.Fatal(err)
			}
			if d.PictureID != id || d.S != flag(n == 0) || d.PID != 0 || p[2]&0x80 == 0 {
				t.Errorf("frame %d packet %d: %+v", i, n, d)
			}
		}
		frame := unpack(t, &codecs.VP8Packet{}, f)
		tag := int(frame[0]) | int(frame[1])<<8 | int(frame[2])<<16
		if tag&1 == 1 == f.Key || tag>>1&7 != 0 || tag>>4&1 != 1 || tag>>5 > len(frame) {
			t.Errorf("frame %d: tag %x of %d bytes", i, tag, len(frame))
		}
		if key := []byte{0x9d, 1, 0x2a, 0x00, 0x05, 0xd0, 0x02}; f.Key != bytes.Equal(frame[3:10], key) {
			t.Errorf("frame %d: % x", i, frame[:10])
		}
	}
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func TestVP9(t *testing.T) {
	s := stream(t, VP9, 3)
	s.frames = 1<<15 - 1
	for i, id := range []uint16{1<<15 - 1, 0, 1} {
		f := s.Next(testStart)
		for n, p := range f.Packets {
			var d codecs.VP9Packet
			if _, err := d.Unmarshal(p); err != nil {
				t.Fatal(err)
			}
			if !d.I || d.F || d.PictureID != id || d.P == f.Key || d.B != (n == 0) || d.E != (n == 2) || d.V != (f.Key && n == 0) {
				t.Errorf("frame %d packet %d: %+v", i, n, d)
			}
			if d.V && (d.NS != 0 || d.Width[0] != Width || d.Height[0] != Height || d.NG != 1 || d.PGPDiff[0][0] != 1) {
				t.Errorf("structure %+v", d)
			}
		}
		var h vp9.Header
		if err := h.Unmarshal(unpack(t, &codecs.VP9Packet{}, f)); err != nil || h.NonKeyFrame == f.Key || !h.ShowFrame {
			t.Errorf("frame %d: %v, %+v", i, err, h)
		}
		if f.Key && (h.Width() != Width || h.Height() != Height || h.Profile != 0) {
			t.Errorf("frame %d: %dx%d", i, h.Width(), h.Height())
		}
	}
}

func TestAV1(t *testing.T) {
	for _, packets := range []int{1, 2, 10} {
		s := stream(t, AV1, packets)
		d := &codecs.AV1Depacketizer{}
		for i := range 130 {
			f := s.Next(testStart)
			if newSequence := f.Packets[0][0]&0x08 != 0; newSequence != f.Key {
				t.Errorf("frame %d: N %t", i, newSequence)
			}
			checkOBUs(t, unpack(t, d, f), f.Key, i&0x7f, packets*300)
		}
	}
}

// checkOBUs walks a temporal unit (AV1 section 7.5).
func checkOBUs(t *testing.T, unit []byte, key bool, order, size int) {
	t.Helper()
	var kinds []obu.Type
	for len(unit) > 0 {
		h, err := obu.ParseOBUHeader(unit)
		if err != nil || !h.HasSizeField {
			t.Fatal(err, h)
		}
		length, n, err := obu.ReadLeb128(unit[1:])
		if err != nil {
			t.Fatal(err)
		}
		body := unit[1+n:][:length]
		kinds, unit = append(kinds, h.Type), unit[1+n+length:]
		if h.Type == obu.OBUFrame {
			checkAV1Frame(t, body, key, order)
			if len(body) < size-60 {
				t.Errorf("a frame of %d bytes, of %d sent", len(body), size)
			}
			continue
		}
		b := bits{rest: body}
		if w, h := b.av1Size(); w != Width || h != Height {
			t.Errorf("sequence header of %dx%d", w, h)
		}
	}
	if key != (len(kinds) == 2 && kinds[0] == obu.OBUSequenceHeader) || kinds[len(kinds)-1] != obu.OBUFrame {
		t.Errorf("key frame %t of OBUs %v", key, kinds)
	}
}

// checkAV1Frame reads an uncompressed header up to the order hint (AV1 section
// 5.9.2), which comes after three flags in a key frame and after four in others.
func checkAV1Frame(t *testing.T, body []byte, key bool, order int) {
	t.Helper()
	b := bits{rest: body}
	if existing, inter, show := b.u(1), b.u(2), b.u(1); existing != 0 || (inter == 0) != key || show != 1 {
		t.Errorf("frame header % x", body[:2])
	}
	flags := 4
	if key {
		flags = 3
	}
	if set, hint := b.u(flags), b.u(7); set != 0 || hint != order {
		t.Errorf("flags %b, order hint %d, want %d", set, hint, order)
	}
}

// av1Size is behind seq_level_idx, after 3+1+1+1+1+5+12+5 bits (AV1 section 5.5.1).
func (b *bits) av1Size() (width, height int) {
	b.at = 29
	w, h := b.u(4)+1, b.u(4)+1
	return b.u(w) + 1, b.u(h) + 1
}

// Every first packet of a key frame, and no other packet, is a start.
func TestKeyFrameStartOfFrames(t *testing.T) {
	for codec := H264; codec <= AV1; codec++ {
		for _, packets := range []int{1, 2, 10} {
			s := stream(t, codec, packets)
			for i := range 10 {
				if i%4 == 0 {
					s.RequestKeyFrame()
				}
				for n, p := range s.Next(testStart.Add(time.Duration(i) * s.Interval())).Packets {
					if got := KeyFrameStart(codec, p); got != (i%4 == 0 && n == 0) {
						t.Errorf("%v of %d packets: frame %d packet %d: %t", codec, packets, i, n, got)
					}
				}
			}
		}
	}
}
