package endpoint

import (
	"sync"
	"time"
)

// Keys are the access keys that an endpoint knows.
type Keys struct {
	mutex sync.Mutex
	known map[string]knownKey
}

type knownKey struct {
	secret, token string
	expires       time.Time
}

// Add makes a key known. Keys without a session token are those of users, and keys without an expiration last.
func (k *Keys) Add(key, secret, token string, expires time.Time) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.known == nil {
		k.known = map[string]knownKey{}
	}
	k.known[key] = knownKey{secret, token, expires}
}

// Revoke forgets a key.
func (k *Keys) Revoke(key string) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	delete(k.known, key)
}

func (k *Keys) find(key string) (knownKey, bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	found, known := k.known[key]
	return found, known
}
