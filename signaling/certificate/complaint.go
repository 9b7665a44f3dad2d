package certificate

import "log/slog"

// complaint is about what keeps going wrong: it is made once, and again when the
// cause changes or comes back.
type complaint struct {
	made string
}

// about takes each outcome; nil settles the complaint.
func (c *complaint) about(err error, log *slog.Logger, message string) {
	if err == nil {
		c.made = ""
		return
	}
	if text := err.Error(); text != c.made {
		c.made = text
		log.Warn(message, "cause", text)
	}
}
