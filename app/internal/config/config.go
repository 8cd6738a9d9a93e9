// Package config reads the environment variables of the application. The instance sets them: docs/your-application.md.
package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Config is what the application is told when it starts.
type Config struct {
	Port     int           // PORT: where it listens. Default: 8080
	Zone     string        // AVAILABILITY_ZONE of the instance. Default: local
	Instance string        // INSTANCE_ID. Default: local
	Drain    time.Duration // DRAIN_SECONDS from SIGTERM until the process is killed, 1 to 3600. Default: 30

	ParameterPrefix string         // PARAMETER_PREFIX: path of the SSM parameters that say how to connect. Required
	PoolSize        int            // DATABASE_POOL_SIZE: most connections to the database. 0: as many as the stack allows
	Roots           *x509.CertPool // DATABASE_CA_FILE: roots of a database that is not RDS, as PEM. nil: those of RDS
}

// FromEnvironment returns the configuration that the variables describe. Its error has a line for each variable that is
// missing or wrong. AWS_REGION and whatever else concerns AWS is read by the SDK; here it only has to be there.
func FromEnvironment(getenv func(string) string) (Config, error) {
	e := environment{getenv: getenv}
	c := Config{
		Port:            e.integer("PORT", 8080, 1, 65535),
		Zone:            e.text("AVAILABILITY_ZONE", "local"),
		Instance:        e.text("INSTANCE_ID", "local"),
		Drain:           time.Duration(e.integer("DRAIN_SECONDS", 30, 1, 3600)) * time.Second,
		ParameterPrefix: e.required("PARAMETER_PREFIX", "such as /ha-web/prod"),
		PoolSize:        e.integer("DATABASE_POOL_SIZE", 0, 1, 10000),
		Roots:           e.roots("DATABASE_CA_FILE"),
	}
	e.required("AWS_REGION", "such as us-east-1")
	return c, errors.Join(e.faults...)
}

type environment struct {
	getenv func(string) string
	faults []error
}

func (e *environment) fault(name, format string, values ...any) {
	e.faults = append(e.faults, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, values...)))
}

func (e *environment) text(name, otherwise string) string {
	if value := e.getenv(name); value != "" {
		return value
	}
	return otherwise
}

func (e *environment) required(name, example string) string {
	value := e.getenv(name)
	if value == "" {
		e.fault(name, "must be set, %s", example)
	}
	return value
}

func (e *environment) integer(name string, otherwise, least, most int) int {
	text := e.getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < least || value > most {
		e.fault(name, "must be an integer from %d to %d, got %q", least, most, text)
		return otherwise
	}
	return value
}

func (e *environment) roots(name string) *x509.CertPool {
	path := e.getenv(name)
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		e.fault(name, "must be a file that can be read: %v", err)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		e.fault(name, "must hold certificates as PEM, and %s holds none", path)
	}
	return pool
}
