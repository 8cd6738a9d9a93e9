package web

import (
	_ "embed"
	"html/template"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// identity is who answers.
type identity struct {
	Message  string   `json:"message"`
	Zone     string   `json:"zone"`
	Instance string   `json:"instance"`
	Version  string   `json:"version"`
	Age      *float64 `json:"connectionAgeSeconds"` // of the database session that was used last; nil before there is one
}

// home says who answers: as JSON or, to a browser, as a page whose script lists the courses. It does not wait for the database.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	self := identity{Message: "Hello from the web tier", Zone: s.cfg.Zone, Instance: s.cfg.Instance, Version: s.version}
	session := "none yet"
	if age, ok := s.db.Age(); ok {
		seconds := age.Round(time.Millisecond).Seconds()
		self.Age, session = &seconds, age.Round(time.Second).String()+" old"
	}
	w.Header().Set("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		send(w, http.StatusOK, self)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, map[string]any{"Self": self, "Session": session, "Assets": s.assets}) // the client may be gone
}

var hashedName = regexp.MustCompile(`^(.+)-[0-9a-f]{8}(\.[a-z]+)$`)

// assets returns the path of each static file by its name without hash: style.css is at /static/style-0123abcd.css.
func assets(static fs.FS) map[string]string {
	paths := map[string]string{}
	files, err := fs.ReadDir(static, ".")
	if err != nil {
		panic(err) // they are in the executable
	}
	for _, file := range files {
		if parts := hashedName.FindStringSubmatch(file.Name()); parts != nil {
			paths[parts[1]+parts[2]] = "/static/" + file.Name()
		}
	}
	return paths
}

// serveStatic serves the static files where no CloudFront does, from the executable. Another content has another name.
func serveStatic(static fs.FS) http.HandlerFunc {
	files := http.StripPrefix("/static/", http.FileServerFS(static))
	return func(w http.ResponseWriter, r *http.Request) {
		info, err := fs.Stat(static, strings.TrimPrefix(r.URL.Path, "/static/"))
		if err != nil || info.IsDir() {
			notFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		files.ServeHTTP(w, r)
	}
}
