package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// microphoneFrequency differs from the pattern's tone.
const microphoneFrequency = 1000

// fakeMicrophone gives the browser a microphone that hears one tone. (The flag
// that would allow its use by itself breaks the capture of tabs.)
func fakeMicrophone(t *testing.T) []chromedp.ExecAllocatorOption {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tone.wav")
	if err := os.WriteFile(file, toneWAV(microphoneFrequency), 0o600); err != nil {
		t.Fatal(err)
	}
	return []chromedp.ExecAllocatorOption{
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", file),
	}
}

// toneWAV is one second of a tone, on and off like a voice, since a steady one
// is noise to the browser and suppressed: RIFF, mono, 48 kHz, 16 bit.
func toneWAV(frequency float64) []byte {
	const rate = 48000
	samples := make([]int16, rate)
	for i := range samples {
		if i%(rate/4) < rate/8 {
			samples[i] = int16(0.5 * math.MaxInt16 * math.Sin(2*math.Pi*frequency*float64(i)/rate))
		}
	}
	var wav bytes.Buffer
	put := func(values ...any) {
		for _, value := range values {
			_ = binary.Write(&wav, binary.LittleEndian, value)
		}
	}
	put([]byte("RIFF"), uint32(36+2*rate), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(rate), uint32(2*rate), uint16(2), uint16(16), []byte("data"), uint32(2*rate), samples)
	return wav.Bytes()
}

// permit answers the browser's question beforehand.
func (p *page) permit(device string, setting browser.PermissionSetting) {
	p.t.Helper()
	params := browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: device},
		Setting:    setting,
	}
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetPermission, params); err != nil {
		p.t.Fatalf("answering for the %s: %v", device, err)
	}
}
