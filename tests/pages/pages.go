// Package pages reads the commands of the project's documentation.
package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Block is an indented block of code of a page.
type Block struct {
	Page    string // path from the folder of the project
	Section string // heading of the second level that it is under
	Heading string // the last heading before it, of any level
	Line    int    // its first one
	Text    string // without the indentation
}

// Documents returns the pages of the project, by their paths from its folder.
func Documents(project string) ([]string, error) {
	documents := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md", "examples/*/*.md", "app/*.md"} {
		found, err := filepath.Glob(filepath.Join(project, pattern))
		if err != nil {
			return nil, err
		}
		for _, each := range found {
			path, err := filepath.Rel(project, each)
			if err != nil {
				return nil, err
			}
			documents = append(documents, filepath.ToSlash(path))
		}
	}
	return documents, nil
}

// Read returns the blocks of a page.
func Read(project, page string) ([]Block, error) {
	content, err := os.ReadFile(filepath.Join(project, page))
	if err != nil {
		return nil, err
	}
	var blocks []Block
	var block *Block
	section, heading := "", ""
	for number, line := range append(strings.Split(string(content), "\n"), "") {
		indented := strings.HasPrefix(line, "    ")
		switch {
		case block != nil && (indented || line == ""):
			block.Text += line + "\n"
		case block == nil && indented && number > 0 && previous(string(content), number) == "":
			block = &Block{Page: page, Section: section, Heading: heading, Line: number + 1, Text: line + "\n"}
		default:
			if block != nil {
				blocks, block = append(blocks, block.finish()), nil
			}
			if title := headingLine.FindStringSubmatch(line); title != nil {
				heading = title[2]
				if title[1] == "##" {
					section = title[2]
				}
			}
		}
	}
	if block != nil {
		blocks = append(blocks, block.finish())
	}
	return blocks, nil
}

var headingLine = regexp.MustCompile(`^(#+) (.+)$`)

// previous returns the line before that of an index.
func previous(content string, index int) string {
	return strings.Split(content, "\n")[index-1]
}

// finish takes the indentation and the empty lines at the end away.
func (b *Block) finish() Block {
	lines := strings.Split(strings.TrimRight(b.Text, "\n"), "\n")
	indentation := len(b.Text)
	for _, line := range lines {
		if line != "" {
			indentation = min(indentation, len(line)-len(strings.TrimLeft(line, " ")))
		}
	}
	for i, line := range lines {
		lines[i] = line[min(indentation, len(line)):]
	}
	b.Text = strings.Join(lines, "\n") + "\n"
	return *b
}

// programs are what commands of pages begin with.
var programs = strings.Fields(`ansible-lint ansible-playbook apt-get aws balancer cat curl df docker export for gh git go jq make metric ps psql
	pulumi read sudo while`)

var assignment = regexp.MustCompile(`^[A-Za-z_]+(=|\(\) \{)`)

// IsShell reports whether a block is commands, and not a part of a stack file, what a command prints, or another language.
func (b Block) IsShell() bool {
	first := strings.Fields(b.Text)[0]
	return slices.Contains(programs, first) || assignment.MatchString(b.Text)
}

// Defines reports whether a block defines functions, which later blocks of its page use.
func (b Block) Defines() bool { return function.MatchString(b.Text) }

var function = regexp.MustCompile(`(?m)^[a-z_]+\(\) \{`)
