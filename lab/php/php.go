// Package php runs what examples/moodle puts on an instance, with a few PHP files in the place of Moodle: its nginx, its php-fpm, its
// config.php and its database.php, unchanged. Whoever runs the lab need not have Moodle.
package php

import (
	"embed"
	"io/fs"
)

//go:embed site
var site embed.FS

// Site returns the files that stand for Moodle's, below the folder of its code.
func Site() fs.FS {
	files, err := fs.Sub(site, "site")
	if err != nil {
		panic(err) // it is embedded
	}
	return files
}
