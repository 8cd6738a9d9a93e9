package metadata

import (
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	tokenHeader = "X-Aws-Ec2-Metadata-Token"
	ttlHeader   = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
	maxTTL      = 21600 // six hours
)

// tokens are those that the service has issued. They are good for this instance only, and until they end.
type tokens struct {
	mutex sync.Mutex
	ends  map[string]time.Time
}

// issue answers PUT /latest/api/token. A request that has come through a proxy is refused: an open proxy on the instance would
// otherwise hand its credentials to strangers (AWS Security Blog, "Add defense in depth against open firewalls, reverse proxies, and
// SSRF vulnerabilities with enhancements to the EC2 Instance Metadata Service").
func (t *tokens) issue(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut {
		refuse(w, http.StatusMethodNotAllowed)
		return
	}
	if len(r.Header.Values("X-Forwarded-For")) > 0 {
		refuse(w, http.StatusForbidden)
		return
	}
	seconds, err := strconv.Atoi(r.Header.Get(ttlHeader))
	if err != nil || seconds < 1 || seconds > maxTTL {
		refuse(w, http.StatusBadRequest)
		return
	}
	random := make([]byte, 42)
	rand.Read(random) // never fails
	token := base64.URLEncoding.EncodeToString(random)
	t.mutex.Lock()
	now := time.Now()
	for old, ends := range t.ends {
		if !now.Before(ends) {
			delete(t.ends, old)
		}
	}
	t.ends[token] = now.Add(time.Duration(seconds) * time.Second)
	t.mutex.Unlock()
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set(ttlHeader, strconv.Itoa(seconds))
	io.WriteString(w, token)
}

func (t *tokens) valid(token string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return time.Now().Before(t.ends[token])
}
