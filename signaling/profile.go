package signaling

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"text/template"
)

// profileTemplate is a configuration profile with one payload, a root
// certificate (Apple's Configuration Profile Reference, CertificateRoot). iOS
// installs a CA in no other way.
var profileTemplate = template.Must(template.New("").Funcs(template.FuncMap{"xml": escapeXML}).Parse(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>PayloadContent</key>
	<array>
		<dict>
			<key>PayloadCertificateFileName</key>
			<string>relay-ca.crt</string>
			<key>PayloadContent</key>
			<data>{{.Certificate}}</data>
			<key>PayloadDisplayName</key>
			<string>{{.Name | xml}}</string>
			<key>PayloadIdentifier</key>
			<string>relay.ca.{{.CertificateUUID}}</string>
			<key>PayloadType</key>
			<string>com.apple.security.root</string>
			<key>PayloadUUID</key>
			<string>{{.CertificateUUID}}</string>
			<key>PayloadVersion</key>
			<integer>1</integer>
		</dict>
	</array>
	<key>PayloadDescription</key>
	<string>Lets this device open the HTTPS pages of one relay on the local network. It vouches for no site of the internet.</string>
	<key>PayloadDisplayName</key>
	<string>{{.Name | xml}}</string>
	<key>PayloadIdentifier</key>
	<string>relay.profile.{{.ProfileUUID}}</string>
	<key>PayloadType</key>
	<string>Configuration</string>
	<key>PayloadUUID</key>
	<string>{{.ProfileUUID}}</string>
	<key>PayloadVersion</key>
	<integer>1</integer>
</dict>
</plist>
`))

// profile is what iOS installs. It is the same for the same CA each time, so that
// installing it again replaces it.
func profile(ca *x509.Certificate) (document, error) {
	var content bytes.Buffer
	err := profileTemplate.Execute(&content, struct{ Name, Certificate, CertificateUUID, ProfileUUID string }{
		ca.Subject.CommonName, base64.StdEncoding.EncodeToString(ca.Raw), uuidOf("certificate", ca), uuidOf("profile", ca),
	})
	return document{"application/x-apple-aspen-config", content.Bytes()}, err
}

// uuidOf is made of the CA: version 8 (RFC 9562 section 5.8).
func uuidOf(purpose string, ca *x509.Certificate) string {
	sum := sha256.Sum256(append([]byte(purpose), ca.Raw...))
	u := sum[:16]
	u[6] = 0x80 | u[6]&0x0f
	u[8] = 0x80 | u[8]&0x3f
	return fmt.Sprintf("%X-%X-%X-%X-%X", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// escapeXML also replaces what XML cannot hold.
func escapeXML(text string) (string, error) {
	var escaped bytes.Buffer
	err := xml.EscapeText(&escaped, []byte(text))
	return escaped.String(), err
}
