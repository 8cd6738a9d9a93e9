-- A release runs beside the one before it while instances are replaced, and again when it is taken back: add first, and remove in a
-- later release what no running release uses any more.
-- +goose Up
CREATE TABLE courses (
    id    bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE TABLE enrolments (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    course_id       bigint NOT NULL REFERENCES courses (id),
    student         text NOT NULL,
    idempotency_key text NOT NULL UNIQUE,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (course_id, student)
);
CREATE INDEX enrolments_student ON enrolments (student);
