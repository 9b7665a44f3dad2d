package certificate

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
)

// contents are what was found in the two files. They compare with ==.
type contents struct {
	certificate, key fileText
}

// fileText is a file's text, or why there is none.
type fileText struct {
	text, problem string
}

func (f *Files) read() contents {
	return contents{readText(f.certFile), readText(f.keyFile)}
}

func readText(path string) fileText {
	text, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fileText{problem: "there is no such file"}
	case err != nil:
		return fileText{problem: fmt.Sprintf("this file cannot be read (%v)", err)}
	}
	return fileText{text: string(text)}
}

func (f fileText) certificates() ([]*x509.Certificate, error) {
	if f.problem != "" {
		return nil, errors.New(f.problem)
	}
	return readCertificates([]byte(f.text))
}

func (f fileText) signer() (crypto.Signer, error) {
	if f.problem != "" {
		return nil, errors.New(f.problem)
	}
	key, err := readKey([]byte(f.text))
	if err != nil {
		return nil, err
	}
	return key, checkKey(key)
}
