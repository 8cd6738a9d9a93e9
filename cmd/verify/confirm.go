package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// confirmOptions say how far a command may go without asking.
type confirmOptions struct {
	yes           bool // -yes: do not ask
	yesProduction bool // -yes-production: a production stack too
	production    bool // the stack is for production, or may be
}

var (
	errProduction = errors.New("this stack is for production, or its outputs do not say that it is not: -yes-production is needed too")
	errNobody     = errors.New("not confirmed: standard input has nobody to ask. Name the stack with -stack or -outputs FILE, or give -yes")
	errDeclined   = errors.New("not confirmed: nothing was done")
)

// confirm returns an error unless a command that disturbs a stack may go on. It asks, unless -yes was given.
func confirm(s streams, question string, o confirmOptions) error {
	if o.production && !o.yesProduction {
		return errProduction
	}
	if o.yes {
		return nil
	}
	fmt.Fprintf(s.err, "%s\nType yes to go on: ", question)
	answer, err := bufio.NewReader(s.in).ReadString('\n')
	switch {
	case strings.TrimSpace(answer) == "yes":
		return nil
	case err != nil && strings.TrimSpace(answer) == "":
		fmt.Fprintln(s.err)
		return errNobody
	}
	return errDeclined
}

// isTerminal says whether someone can be asked. It is a variable for tests.
var isTerminal = func(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return false
	}
	about, err := file.Stat()
	return err == nil && about.Mode()&os.ModeCharDevice != 0
}

// confirmAtTerminal confirms as confirm does, and asks only where someone can answer: not where standard input has the outputs.
func confirmAtTerminal(ctx context.Context, s streams, source checkOptions, question string, o confirmOptions) error {
	fromStdin := source.stack == "" && cmp.Or(source.outputs, "-") == "-"
	if !o.yes && (fromStdin || !isTerminal(s.in)) && (!o.production || o.yesProduction) {
		return errNobody
	}
	answered := make(chan error, 1)
	go func() { answered <- confirm(s, question, o) }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return errDeclined
	}
}
