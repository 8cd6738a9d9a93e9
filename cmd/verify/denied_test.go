package main

// refusal is an error of a service that refuses its caller.
type refusal struct{ code, message string }

func (r refusal) Error() string     { return "api error " + r.code + ": " + r.message }
func (r refusal) ErrorCode() string { return r.code }

func denied(action string) error {
	return refusal{"AccessDenied", "User: arn:aws:iam::123456789012:user/a is not authorized to perform: " + action + " on resource: *"}
}
