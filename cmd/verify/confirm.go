package main

import (
	"bufio"
	"errors"
	"fmt"
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
