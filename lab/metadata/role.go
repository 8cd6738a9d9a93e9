package metadata

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// renewal is how long before credentials end there are new ones: "We make new credentials available at least five minutes before the
// expiration of the old credentials" (Amazon EC2 user guide, "Retrieve security credentials from instance metadata").
const renewal = 5 * time.Minute

// patience bounds how long an instance waits for its credentials.
const patience = 10 * time.Second

// role holds the credentials of the instance's role.
type role struct {
	retrieve func(context.Context) (aws.Credentials, error)

	mutex   sync.Mutex
	current aws.Credentials
	since   time.Time
}

// document returns the credentials as instance metadata shows them, and an error as it shows errors.
func (r *role) document(ctx context.Context) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := r.renew(ctx); err != nil {
		return document(map[string]any{"Code": "AssumeRoleUnauthorizedAccess", "Message": err.Error(), "LastUpdated": stamp(time.Now())})
	}
	return document(map[string]any{
		"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": stamp(r.since), "AccessKeyId": r.current.AccessKeyID,
		"SecretAccessKey": r.current.SecretAccessKey, "Token": r.current.SessionToken, "Expiration": stamp(r.current.Expires),
	})
}

// renew gets new credentials if the old ones are about to end. If there are no new ones, the old ones do until they have ended.
func (r *role) renew(ctx context.Context) error {
	if time.Until(r.current.Expires) > renewal {
		return nil
	}
	if r.retrieve == nil {
		return errors.New("the instance has no credentials")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	renewed, err := r.retrieve(ctx)
	if err != nil && time.Now().Before(r.current.Expires) {
		return nil
	}
	if err != nil {
		return err
	}
	r.current, r.since = renewed, time.Now()
	return nil
}
