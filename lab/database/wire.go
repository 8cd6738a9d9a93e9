package database

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// session speaks the frontend/backend protocol as far as an operator needs it: logins without a password, over a Unix domain
// socket or a link of the service network, and simple queries. PostgreSQL and PgBouncer's console both understand it
// (PostgreSQL's documentation, "Message Formats").
type session struct {
	connection net.Conn
	reader     *bufio.Reader
	names      []string // of the columns of the last rows
}

// serverError is an ErrorResponse of the server.
type serverError struct {
	Code    string // SQLSTATE
	Message string
}

func (e *serverError) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code) }

// open logs in over a connection, which belongs to the session from then on, also when open fails.
func open(ctx context.Context, connection net.Conn, user, database string) (*session, error) {
	s := &session{connection: connection, reader: bufio.NewReader(connection)}
	defer s.bound(ctx)()
	body := binary.BigEndian.AppendUint32(nil, 3<<16) // protocol 3.0
	for _, text := range []string{"user", user, "database", database, "application_name", "operator", ""} {
		body = append(append(body, text...), 0)
	}
	startup := append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
	if _, err := connection.Write(startup); err != nil {
		_ = connection.Close()
		return nil, err
	}
	if _, err := s.untilReady(); err != nil {
		_ = connection.Close()
		return nil, err
	}
	return s, nil
}

// query runs statements and returns the rows of the last one.
func (s *session) query(ctx context.Context, sql string) ([][]string, error) {
	defer s.bound(ctx)()
	if err := s.send(sql); err != nil {
		return nil, err
	}
	return s.untilReady()
}

// send sends statements without waiting for an answer.
func (s *session) send(sql string) error {
	message := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(len(sql)+5))
	_, err := s.connection.Write(append(append(message, sql...), 0))
	return err
}

func (s *session) close() error {
	_, _ = s.connection.Write([]byte{'X', 0, 0, 0, 4})
	return s.connection.Close()
}

// bound ends reads and writes with the context. The result ends that.
func (s *session) bound(ctx context.Context) func() {
	stop := context.AfterFunc(ctx, func() { _ = s.connection.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// untilReady reads messages until the server is ready for the next query.
func (s *session) untilReady() ([][]string, error) {
	var rows [][]string
	var failed error
	for {
		kind, body, err := s.message()
		if err != nil {
			return nil, errors.Join(failed, err)
		}
		switch kind {
		case 'R':
			if len(body) < 4 || binary.BigEndian.Uint32(body) != 0 {
				return nil, errors.New("the server asks for a password")
			}
		case 'T': // a row description: the rows of an earlier statement end
			rows, s.names = nil, columnNames(body)
		case 'D':
			row, err := columns(body)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		case 'E':
			failed = errorResponse(body)
		case 'Z':
			return rows, failed
		}
	}
}

// message reads one message of the server.
func (s *session) message() (byte, []byte, error) {
	var header [5]byte
	if _, err := io.ReadFull(s.reader, header[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(header[1:])
	if length < 4 || length > 1<<26 {
		return 0, nil, fmt.Errorf("the server sent a message of %d bytes", length)
	}
	body := make([]byte, length-4)
	_, err := io.ReadFull(s.reader, body)
	return header[0], body, err
}

// columns reads a DataRow. NULL becomes an empty string.
func columns(body []byte) ([]string, error) {
	malformed := errors.New("the server sent a malformed row")
	if len(body) < 2 {
		return nil, malformed
	}
	row := make([]string, 0, binary.BigEndian.Uint16(body))
	for rest := body[2:]; len(row) < cap(row); {
		if len(rest) < 4 {
			return nil, malformed
		}
		length := int(int32(binary.BigEndian.Uint32(rest)))
		rest = rest[4:]
		if length > len(rest) {
			return nil, malformed
		}
		length = max(length, 0)
		row, rest = append(row, string(rest[:length])), rest[length:]
	}
	return row, nil
}

// columnNames reads a RowDescription: after the number of columns, each has its name and 18 bytes about its type.
func columnNames(body []byte) []string {
	var names []string
	for rest := body[min(2, len(body)):]; ; {
		name, after, found := bytes.Cut(rest, []byte{0})
		if !found || len(after) < 18 {
			return names
		}
		names, rest = append(names, string(name)), after[18:]
	}
}

// text returns a column of one of the last rows. It is empty where there is no such column.
func (s *session) text(row []string, column string) string {
	if i := slices.Index(s.names, column); i >= 0 && i < len(row) {
		return row[i]
	}
	return ""
}

// errorResponse reads the code and the message of an ErrorResponse.
func errorResponse(body []byte) error {
	result := &serverError{}
	for len(body) > 1 {
		kind, end := body[0], 1
		for end < len(body) && body[end] != 0 {
			end++
		}
		switch text := string(body[1:end]); kind {
		case 'C':
			result.Code = text
		case 'M':
			result.Message = text
		}
		body = body[min(end+1, len(body)):]
	}
	return result
}
