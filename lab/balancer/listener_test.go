package balancer

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// client follows no redirect and trusts a server of httptest.
func client(trusted *httptest.Server) *http.Client {
	client := trusted.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

func TestListeners(t *testing.T) {
	b := newBench(t, checkedOnce())
	b.add("i-1", zoneA, nil)
	trusted := httptest.NewTLSServer(nil)
	t.Cleanup(trusted.Close)
	certificate := trusted.TLS.Certificates[0]
	plain := b.serve(zoneA, Listener{Default: Redirect(301, "HTTPS", "443")})
	secure := b.serve(zoneA, Listener{
		Certificate: &certificate,
		Default:     Respond(403, "text/plain", "Forbidden"),
		Rules: []Rule{
			{func(r *http.Request) bool { return r.URL.Path == "/closed" }, Respond(503, "text/plain", "Closed")},
			{func(r *http.Request) bool { return r.Header.Get("X-Origin") == "secret" }, Forward()},
		},
	})
	ask := func(url, origin string) *http.Response {
		request, err := http.NewRequest("GET", url, nil)
		require.NoError(t, err)
		request.Header.Set("X-Origin", origin)
		if url[:5] == "http:" {
			request.Host = "www.example.edu:8080"
		}
		response, err := client(trusted).Do(request)
		require.NoError(t, err)
		response.Body.Close()
		return response
	}
	redirected := ask(plain+"/a%2Fb?c=d", "")
	require.Equal(t, 301, redirected.StatusCode)
	require.Equal(t, "https://www.example.edu:443/a%2Fb?c=d", redirected.Header.Get("Location"))
	refused := ask(secure, "")
	require.Equal(t, 403, refused.StatusCode)
	require.Equal(t, "awselb/2.0", refused.Header.Get("Server"))
	forwarded := ask(secure, "secret")
	require.Equal(t, 200, forwarded.StatusCode)
	require.Equal(t, "i-1", forwarded.Header.Get(TargetHeader))
	require.Equal(t, 503, ask(secure+"/closed", "secret").StatusCode, "the first rule that matches")
	require.Equal(t, map[int]int{301: 1, 403: 1, 503: 1}, b.Counts()[zoneA].Own)
	_, err := tls.Dial("tcp", secure[len("https://"):], &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11})
	require.Error(t, err)
}

func TestHTTP2(t *testing.T) {
	b := newBench(t, checkedOnce())
	b.add("i-1", zoneA, nil)
	trusted := httptest.NewUnstartedServer(nil)
	trusted.EnableHTTP2 = true
	trusted.StartTLS()
	t.Cleanup(trusted.Close)
	response, err := client(trusted).Get(b.serve(zoneA, Listener{Certificate: &trusted.TLS.Certificates[0], Default: Forward()}))
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, "HTTP/2.0 200", response.Proto+" "+response.Status[:3])
}

func TestCloseEndsEverything(t *testing.T) {
	settings := checkedOnce()
	settings.DeregistrationDelay = 1 << 40
	b := newBench(t, settings)
	arrived := make(chan bool)
	b.add("i-1", zoneA, func(_ http.ResponseWriter, r *http.Request) { arrived <- true; <-r.Context().Done() })
	b.add("i-2", zoneA, nil)
	url := b.serve(zoneA, Listener{Default: Forward()})
	failed := make(chan bool, 2)
	for range 2 {
		go func() {
			response, err := http.Get(url)
			if err == nil {
				response.Body.Close()
			}
			failed <- err != nil || response.StatusCode != 200
		}()
	}
	<-arrived
	b.Deregister("i-2")
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
	first, second := <-failed, <-failed
	require.True(t, first || second, "a request that was under way fails")
	require.Nil(t, b.Handler("us-east-1z"))
	b.Register("i-3", addressOf(b.start(nil)), zoneA)
	require.NotContains(t, b.states("i-3"), initial)
}
