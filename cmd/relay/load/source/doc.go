// Package source is a synthetic encoder: frames in the bitstream shape of H264,
// VP8, VP9 or AV1, already cut into RTP payloads, at almost no cost, and Opus.
//
// What a server reads is as an encoder writes it: payload descriptors, picture
// numbers that wrap, parameter sets and frame headers (those of libx264, libvpx
// and libaom for 1280x720). Behind the headers comes filler, so that no decoder
// shows a picture of it.
//
// Each payload ends with a Stamp, the wall clock at sending, by which whoever
// gets it through any server tells how long it took. No byte of filler or stamp
// is 0, so neither can look like an H264 start code (H.264 annex B) nor need
// emulation prevention (section 7.4.1).
//
// KeyFrameStart reads what servers send, be it from a Source or from a browser.
package source
