STACK ?= dev
SCRIPTS := .ci/run components/webtier/boot/boot.sh

.PHONY: plan test lint fuzz golden e2e

plan: ## Show what a stack would deploy: make plan STACK=prod
	go run . plan -stack $(STACK)

test: ## Run all tests that need nothing but Go
	go test ./...

lint: ## Check format, modules, code and scripts
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "gofmt these: $$unformatted"; exit 1; }
	go mod tidy -diff
	go vet -tags e2e ./...
	go tool staticcheck -tags e2e ./...
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else echo "NOT RUN: shellcheck, which is not installed"; fi

fuzz: ## Search for settings and networks that break the program, a minute each
	go test ./internal/settings -run '^$$' -fuzz FuzzParse -fuzztime 1m
	go test ./internal/settings -run '^$$' -fuzz FuzzStackFile -fuzztime 1m
	go test ./internal/subnets -run '^$$' -fuzz FuzzPlan -fuzztime 1m
	go test ./internal/fleet -run '^$$' -fuzz FuzzSchedules -fuzztime 1m

golden: ## Rewrite the golden plans and docs/settings.md; fails where it changed one, read the diff
	UPDATE_GOLDEN=1 go test ./tests

e2e: ## Bring a stack up on an AWS API emulator; needs the Pulumi CLI, and AWS_ENDPOINT_URL
	E2E_REQUIRED=1 go test -tags e2e -count 1 -timeout 30m -v ./tests/e2e
