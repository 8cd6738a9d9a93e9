package database

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// message is one of the server's.
func message(kind byte, body ...byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)), body...)
}

var (
	loggedIn    = message('R', 0, 0, 0, 0)
	ready       = message('Z', 'I')
	description = message('T', append(append([]byte{0, 2}, append([]byte("name\x00"), make([]byte, 18)...)...),
		append([]byte("size\x00"), make([]byte, 18)...)...)...)
	row = message('D', 0, 2, 0, 0, 0, 3, 'o', 'n', 'e', 0xff, 0xff, 0xff, 0xff)
)

// answering answers each message of the client with the next answer, and hands over what the client said.
func answering(t *testing.T, answers ...[]byte) (net.Conn, <-chan string) {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	said := make(chan string, len(answers))
	go func() {
		for i, answer := range answers {
			header := make([]byte, 5)
			if i == 0 { // the startup message has no kind
				header = header[:4]
			}
			if _, err := io.ReadFull(server, header); err != nil {
				return
			}
			body := make([]byte, binary.BigEndian.Uint32(header[len(header)-4:])-4)
			if _, err := io.ReadFull(server, body); err != nil {
				return
			}
			said <- string(body)
			if _, err := server.Write(answer); err != nil {
				return
			}
		}
	}()
	return client, said
}

func together(messages ...[]byte) []byte {
	var all []byte
	for _, m := range messages {
		all = append(all, m...)
	}
	return all
}

func TestQuery(t *testing.T) {
	failure := message('E', []byte("SERROR\x00C42P01\x00Mno such table\x00\x00")...)
	connection, said := answering(t, together(loggedIn, message('S', []byte("a\x00b\x00")...), ready),
		together(description, row, row, message('C', 0), description, row, message('C', 0), ready),
		together(failure, ready), together(message('C', 0), ready))
	s, err := open(t.Context(), connection, "someone", "shop")
	require.NoError(t, err)
	assert.Contains(t, <-said, "user\x00someone\x00database\x00shop\x00")

	rows, err := s.query(t.Context(), "SELECT 1")
	require.NoError(t, err)
	assert.Equal(t, "SELECT 1\x00", <-said)
	assert.Equal(t, [][]string{{"one", ""}}, rows, "of the last statement")
	assert.Equal(t, []string{"name", "size"}, s.names)
	assert.Equal(t, "one", s.text(rows[0], "name"))
	assert.Empty(t, s.text(rows[0], "color"))

	_, err = s.query(t.Context(), "SELECT 2")
	var failed *serverError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, serverError{Code: "42P01", Message: "no such table"}, *failed)
	assert.NoError(t, unless(err, "no such"))
	assert.Error(t, unless(err, "another"))

	_, err = s.query(t.Context(), "SELECT 3")
	assert.NoError(t, err, "the session goes on after an error")
}

func TestOpenRefused(t *testing.T) {
	for name, answer := range map[string][]byte{
		"password":  message('R', 0, 0, 0, 10),
		"refused":   message('E', []byte("C28000\x00Mno\x00\x00")...),
		"malformed": {'R', 0, 0, 0, 1},
		"huge":      {'R', 0xff, 0xff, 0xff, 0xff},
		"row":       together(loggedIn, message('D', 0, 1, 0, 0, 1, 0, 'x'), ready),
	} {
		t.Run(name, func(t *testing.T) {
			connection, _ := answering(t, answer)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // a refusal is not followed by more
			defer cancel()
			_, err := open(ctx, connection, "someone", "shop")
			assert.Error(t, err)
		})
	}
}

func TestQueryEndsWithItsContext(t *testing.T) {
	connection, _ := answering(t, together(loggedIn, ready), nil)
	s, err := open(t.Context(), connection, "someone", "shop")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err = s.query(ctx, "SELECT pg_sleep(60)")
	var timeout net.Error
	assert.True(t, errors.As(err, &timeout) && timeout.Timeout(), "%v", err)
	assert.Less(t, time.Since(begun), 2*time.Second)
}
