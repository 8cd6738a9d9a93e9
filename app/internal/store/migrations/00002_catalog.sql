-- +goose Up
INSERT INTO courses (id, title) VALUES
    (1, 'Linear Algebra'),
    (2, 'Operating Systems'),
    (3, 'Organic Chemistry'),
    (4, 'Distributed Systems'),
    (5, 'Modern History');
