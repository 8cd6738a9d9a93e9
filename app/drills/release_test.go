package drills

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A rolling release on an empty database: instances of two releases, of which the newer one has one more migration, start at
// the same time.
func TestReleasesStartTogether(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	_, err := secondRelease() // so that the instances start together
	require.NoError(t, err)
	s.link.slow(200 * time.Millisecond) // so that the steps of one instance fall between those of the others
	instances := []*application{
		s.launchRelease(t, firstRelease), s.launchRelease(t, secondRelease), s.launchRelease(t, firstRelease),
	}
	versions := map[string]int{}
	for _, a := range instances {
		a.waitFor(t, "/ready", 200, 2*startsWithin)
		var home struct{ Version string }
		require.NoError(t, json.Unmarshal([]byte(a.get("/").body), &home))
		versions[home.Version]++
	}
	s.link.slow(0)
	assert.Equal(t, map[string]int{"first": 2, "second": 1}, versions)
	courses := instances[0].get("/courses")
	for _, a := range instances {
		assert.Equal(t, 200, a.get("/courses").code)
		assert.Equal(t, courses.body, a.get("/courses").body)
	}
	assert.Zero(t, s.server.count(t, `SELECT count(*) FROM (
		SELECT version_id FROM goose_db_version GROUP BY version_id HAVING count(*) > 1) AS repeated`), "migrations that ran twice")
	assert.Equal(t, 1, s.server.count(t, "SELECT count(*) FROM goose_db_version WHERE version_id = 90000"))
	assert.Zero(t, s.server.count(t, "SELECT count(*) FROM (SELECT title FROM courses GROUP BY title HAVING count(*) > 1) AS repeated"))

	// The older release starts beside the newer schema, as after a release that is taken back.
	again := s.ready(t)
	created, err := again.enroll("beside-a-newer-schema", 1, "ada")
	require.NoError(t, err)
	assert.Equal(t, 201, created.code, created.body)
}
