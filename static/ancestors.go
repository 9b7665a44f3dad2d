package static

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// anySite stands for all sites.
const anySite = "*"

// ancestorHost is a host source's host and port (CSP Level 3 section 2.3.1): a name,
// a pattern of one such as *.school.example, or an IP address.
var ancestorHost = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$`)

// CheckAncestors says what is wrong with sites that are to show the pages in a frame:
// each is an origin, of which the host may begin with *., or * for all sites.
func CheckAncestors(sites []string) error {
	for _, site := range sites {
		if !isAncestor(site) {
			return fmt.Errorf("--frame-ancestors is an origin such as https://school.example, or * for all sites, not %.100q", site)
		}
	}
	return nil
}

func isAncestor(site string) bool {
	if site == anySite {
		return true
	}
	scheme, host, found := strings.Cut(site, "://")
	if !found || scheme != "https" && scheme != "http" || !ancestorHost.MatchString(host) {
		return false
	}
	_, err := url.Parse(scheme + "://" + strings.TrimPrefix(host, "*."))
	return err == nil
}

// frames is who may show a page in a frame.
type frames struct{ pages, embed string }

// framesFor is for the sites that were named: these, and else all for what is made
// to be embedded, and none for the rest.
func framesFor(sites []string) frames {
	if len(sites) == 0 {
		return frames{pages: "'self'", embed: anySite}
	}
	named := strings.Join(append([]string{"'self'"}, sites...), " ")
	return frames{pages: named, embed: named}
}

// framedBy lets pages of these sites frame next. What it shows is seen by whoever
// sits in front of it, and by no script of theirs.
func framedBy(sites string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy+sites)
		next.ServeHTTP(w, r)
	})
}
