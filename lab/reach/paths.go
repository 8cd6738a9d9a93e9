package reach

// Path is a way that connections may take. Its ends are names or parties of endpoints, or Internet.
type Path struct {
	From, To string
	Port     int
}

// Internet is every endpoint outside of the VPC.
const Internet = "internet"

// These tables say who may talk to whom. They are written by hand and not taken from package securitygroups, so that no mistake is in
// both. Callers add the front door and network.egressPorts.

// WithProxy returns the paths behind the front door of a stack that has a database proxy and interface endpoints.
func WithProxy() []Path {
	return []Path{
		{"alb", "app", 8080},
		{"app", "proxy", 5432},
		{"app", "endpoints", 443},
		{"app", Internet, 443},
		{"proxy", "db", 5432},
		{"proxy", "endpoints", 443},
	}
}

// WithoutProxy returns the paths behind the front door of a stack that has neither.
func WithoutProxy() []Path {
	return []Path{
		{"alb", "app", 8080},
		{"app", "db", 5432},
		{"app", Internet, 443},
	}
}
