package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ha-web/internal/validate"
)

const (
	attempts   = 5
	firstPause = time.Second // doubled each time
	longest    = time.Minute // pause that ServiceNow may ask for
	patience   = time.Minute // for one answer
	largest    = 16 << 20    // answer in bytes
)

var instanceName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]*$`)

// client speaks to one instance of ServiceNow.
type client struct {
	base         string // https://name.service-now.com
	http         *http.Client
	user, secret string
	oauth        bool // user and secret are those of an OAuth client

	token   string
	expires time.Time
}

// fault is an answer of ServiceNow that is none.
type fault struct {
	text      string
	transient bool
}

func (f *fault) Error() string { return f.text }

// transient reports whether asking again may help: of faults where they say so, of a broken connection always.
func transient(err error) bool {
	var answered *fault
	return !errors.As(err, &answered) || answered.transient
}

// newClient reads the environment, and reports all that it lacks.
func newClient(getenv func(string) string, transport http.RoundTripper) (*client, error) {
	var faults validate.Faults
	required := func(name, what string) string {
		value := getenv(name)
		if value == "" {
			faults.Add(name, "%s", what)
		}
		return value
	}
	instance := required("SERVICENOW_INSTANCE", "is required: the name before .service-now.com")
	if instance != "" && !instanceName.MatchString(instance) {
		faults.Add("SERVICENOW_INSTANCE", "must be the name before .service-now.com, got %q", instance)
	}
	c := &client{
		base: "https://" + instance + ".service-now.com",
		http: &http.Client{Transport: transport, Timeout: patience, CheckRedirect: noRedirect},
	}
	if getenv("SERVICENOW_CLIENT_ID") != "" || getenv("SERVICENOW_CLIENT_SECRET") != "" {
		c.oauth = true
		c.user = required("SERVICENOW_CLIENT_ID", "is required beside SERVICENOW_CLIENT_SECRET")
		c.secret = required("SERVICENOW_CLIENT_SECRET", "is required beside SERVICENOW_CLIENT_ID")
	} else {
		c.user = required("SERVICENOW_USERNAME", "is required, or SERVICENOW_CLIENT_ID")
		c.secret = required("SERVICENOW_PASSWORD", "is required, or SERVICENOW_CLIENT_SECRET")
	}
	return c, faults.Err()
}

// noRedirect keeps requests, and what they carry, on the instance.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// call sends a request with a body, where there is one, and reads the result of the answer.
func (c *client) call(ctx context.Context, method, path string, body, result any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := c.send(ctx, method == http.MethodGet, func() (*http.Request, error) {
		request, err := http.NewRequestWithContext(ctx, method, c.base+path, nil)
		if err != nil {
			return nil, err
		}
		if body != nil {
			request.Body = io.NopCloser(bytes.NewReader(content))
			request.ContentLength = int64(len(content))
			request.Header.Set("Content-Type", "application/json")
		}
		return request, c.authorize(ctx, request)
	})
	if err != nil {
		return err
	}
	envelope := struct {
		Result any `json:"result"`
	}{result}
	if err := json.Unmarshal(answer, &envelope); err != nil {
		return &fault{fmt.Sprintf("%s %s: no JSON in the answer: is the instance awake?", method, path), true}
	}
	return nil
}

func (c *client) authorize(ctx context.Context, request *http.Request) error {
	request.Header.Set("Accept", "application/json")
	if !c.oauth {
		request.SetBasicAuth(c.user, c.secret)
		return nil
	}
	if c.token == "" || !time.Now().Before(c.expires) {
		if err := c.login(ctx); err != nil {
			return err
		}
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	return nil
}

// login gets a token, which holds for half an hour unless the instance says otherwise.
func (c *client) login(ctx context.Context) error {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.user}, "client_secret": {c.secret}}.Encode()
	answer, err := c.send(ctx, true, func() (*http.Request, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/oauth_token.do", strings.NewReader(form))
		if err == nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Accept", "application/json")
		}
		return request, err
	})
	if err != nil {
		return err
	}
	var token struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(answer, &token); err != nil || token.AccessToken == "" {
		return &fault{"POST /oauth_token.do: no token in the answer: is the instance awake?", true}
	}
	c.token = token.AccessToken
	// Not used to its last minute: it has to last for the request.
	c.expires = time.Now().Add(time.Duration(token.ExpiresIn)*time.Second - time.Minute)
	return nil
}

// send sends a request, again where it did not succeed and nothing can happen twice: where it may be repeated, was
// never received, or was turned away for the rate limit or its token.
func (c *client) send(ctx context.Context, repeatable bool, build func() (*http.Request, error)) ([]byte, error) {
	for attempt, pause := 1, firstPause; ; attempt, pause = attempt+1, 2*pause {
		request, err := build()
		if err != nil {
			return nil, err
		}
		answer, again, asked, err := c.once(request, repeatable)
		if err == nil || !again || attempt == attempts {
			return answer, err
		}
		select {
		case <-time.After(min(max(pause, asked), longest)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// once sends a request once, and says whether it may be sent again, and after how long ServiceNow wants it.
func (c *client) once(request *http.Request, repeatable bool) (answer []byte, again bool, asked time.Duration, err error) {
	response, err := c.http.Do(request)
	if err != nil {
		var op *net.OpError
		return nil, repeatable || errors.As(err, &op) && op.Op == "dial", 0, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, largest))
	if err != nil {
		return nil, repeatable, 0, err
	}
	status := response.StatusCode
	if status >= 200 && status < 300 {
		return answer, false, 0, nil
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	again = status == http.StatusTooManyRequests || repeatable && status >= 500
	if status == http.StatusUnauthorized && c.token != "" {
		c.token, again = "", true
	}
	return nil, again, time.Duration(seconds) * time.Second, c.fault(request, response, answer)
}

// fault says what ServiceNow says of a request that it refuses.
func (c *client) fault(request *http.Request, response *http.Response, answer []byte) error {
	text := fmt.Sprintf("%s %s: %s", request.Method, request.URL.Path, response.Status)
	var said struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	var message struct{ Message, Detail string }
	if json.Unmarshal(answer, &said) == nil {
		_ = json.Unmarshal(said.Error, &message) // of OAuth it is a text, and the description says more
	}
	for _, part := range []string{message.Message, message.Detail, said.Description} {
		if part != "" {
			text += ": " + strings.Join(strings.Fields(part), " ")
		}
	}
	switch response.StatusCode {
	case http.StatusUnauthorized:
		text += ": check the user and password, or the OAuth client"
	case http.StatusForbidden:
		text += ": the user lacks a role, such as sn_change_write"
	}
	status := response.StatusCode
	return &fault{strings.ReplaceAll(text, c.secret, "***"), status == http.StatusTooManyRequests || status >= 500}
}
