package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// readText returns a text file below the folder of the project.
func readText(file, extension string) (string, error) {
	if !filepath.IsLocal(file) || filepath.Ext(file) != extension {
		return "", fmt.Errorf("must be an %s file below the folder of the project, got %q", extension, file)
	}
	content, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no file %s", file)
	case err != nil:
		return "", fmt.Errorf("cannot read the file: %w", err)
	case len(content) == 0:
		return "", fmt.Errorf("%s is empty", file)
	}
	return string(content), nil
}

// readFolder returns the files of a folder below that of the project, by path, except those that begin with a dot.
func readFolder(folder string) (map[string]string, error) {
	if folder == "." || !filepath.IsLocal(folder) {
		return nil, fmt.Errorf("must be a folder below the folder of the project, got %q", folder)
	}
	if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s", folder)
	}
	files := map[string]string{}
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case err != nil:
			return fmt.Errorf("cannot read the folder %s: %w", folder, err)
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || entry.IsDir():
			return nil
		}
		content, err := fs.ReadFile(root, name)
		switch {
		case err != nil:
			return fmt.Errorf("cannot read the file %s: %w", path.Join(folder, name), err)
		case !utf8.Valid(content):
			return fmt.Errorf("must have text files only, and %s is a binary file: let instances download it from elsewhere", path.Join(folder, name))
		}
		files[name] = string(content)
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("must have at least one file, and %s has none", folder)
	}
	return files, err
}
