package main

import (
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
)

// The pattern's size outside of a browser: whole macroblocks, and whole cells.
const (
	patternWidth  = 640
	patternHeight = 352
	patternRate   = 30
)

// patternFrame is picture number counter as I420, drawn now: the cells that
// testdata/pattern.html draws and testdata/probe.js reads, above a bar that moves.
func patternFrame(counter uint32, now time.Time) []byte {
	const cellWidth, cellHeight = patternWidth / 16, patternHeight / 16
	frame := make([]byte, patternWidth*patternHeight*3/2)
	for i := range frame {
		frame[i] = 128
	}
	bits := uint64(counter&0xffffff)<<40 | uint64(uint32(now.UnixMilli()))<<8
	bits |= uint64(checksum(bits))
	for i := range 64 {
		shade := byte(16 + 219*(bits>>(63-i)&1))
		paint(frame, i%16*cellWidth, i/16*cellHeight, cellWidth, cellHeight, shade)
	}
	paint(frame, int(counter*5%(patternWidth-40)), patternHeight/2, 40, patternHeight/4, 235)
	return frame
}

// checksum is pattern.html's, of all bytes but the last.
func checksum(bits uint64) byte {
	sum := byte(0x5a)
	for shift := 56; shift > 0; shift -= 8 {
		sum = sum*31 + byte(bits>>shift)
	}
	return sum
}

// paint fills a rectangle of the frame's luminance.
func paint(frame []byte, x, y, width, height int, shade byte) {
	for row := y; row < y+height; row++ {
		line := frame[row*patternWidth:]
		for column := x; column < x+width; column++ {
			line[column] = shade
		}
	}
}

// feedPattern writes the pattern to a program, so many pictures a second, until
// stop is closed or the program has ended.
func feedPattern(to io.WriteCloser, stop <-chan struct{}) {
	defer to.Close()
	tick := time.NewTicker(time.Second / patternRate)
	defer tick.Stop()
	for counter := uint32(1); ; counter++ {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			if _, err := to.Write(patternFrame(counter, now)); err != nil {
				return
			}
		}
	}
}

// encoder is ffmpeg with libx264, which encodes the pattern.
type encoder struct {
	track *webrtc.TrackLocalStaticSample
	// once: SPS and PPS are sent with the first key frame only.
	once      bool
	keyFrames atomic.Int32 // sent
}

// encoderFlags give one slice a picture, so that a slice's end is the picture's.
var encoderFlags = strings.Fields(`-hide_banner -loglevel error -probesize 32 -analyzeduration 0
	-f rawvideo -pix_fmt yuv420p -s 640x352 -r 30 -i pipe:0
	-c:v libx264 -preset veryfast -threads 1 -b:v 2M -maxrate 2M -bufsize 2M -sc_threshold 0`)

// startEncoder encodes as these flags say, until the test ends.
func startEncoder(t *testing.T, once bool, flags ...string) *encoder {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}, "video", "obs")
	check(t, err)
	e := &encoder{track: track, once: once}
	arguments := append(append(append([]string{}, encoderFlags...), flags...), "-f", "h264", "-flush_packets", "1", "pipe:1")
	ffmpeg := exec.Command(commandPath("ffmpeg"), arguments...)
	ffmpeg.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log := &syncBuffer{}
	ffmpeg.Stderr = log
	pictures, pictureErr := ffmpeg.StdinPipe()
	stream, streamErr := ffmpeg.StdoutPipe()
	check(t, errors.Join(pictureErr, streamErr, ffmpeg.Start()))
	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() { feedPattern(pictures, stop) })
	work.Go(func() { e.send(stream) })
	t.Cleanup(func() {
		close(stop)
		defer time.AfterFunc(patience, func() { _ = ffmpeg.Process.Kill() }).Stop()
		work.Wait()
		if err := ffmpeg.Wait(); err != nil {
			t.Errorf("ffmpeg: %v: %s", err, log)
		}
	})
	return e
}

// send packetises what ffmpeg writes (Annex B), a picture at a time, until that
// ends. As OBS does, it stamps pictures in the order in which they are decoded.
func (e *encoder) send(stream io.Reader) {
	reader, err := h264reader.NewReader(stream)
	if err != nil {
		return
	}
	var picture []byte
	for {
		nal, err := reader.NextNAL()
		if err != nil {
			return
		}
		if !e.wanted(nal.UnitType) {
			continue
		}
		picture = append(append(picture, 0, 0, 0, 1), nal.Data...)
		if nal.UnitType > h264reader.NalUnitTypeCodedSliceIdr {
			continue // the picture's slice is still to come
		}
		if nal.UnitType == h264reader.NalUnitTypeCodedSliceIdr {
			e.keyFrames.Add(1)
		}
		// An error means that the peer is gone, which its own test tells.
		_ = e.track.WriteSample(media.Sample{Data: picture, Duration: time.Second / patternRate})
		picture = nil
	}
}

// wanted is false for parameter sets that are not to be repeated.
func (e *encoder) wanted(kind h264reader.NalUnitType) bool {
	isSet := kind == h264reader.NalUnitTypeSPS || kind == h264reader.NalUnitTypePPS
	return !isSet || !e.once || e.keyFrames.Load() == 0
}
