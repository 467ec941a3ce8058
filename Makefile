# make test and make demo work on a fresh clone with Go and make alone: they
# find Postgres where it is installed, or install it where apt-get and root are.
# Prometheus, which make test needs as well, is unpacked where apt-get is.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION ?= $(shell git rev-parse --short HEAD 2>/dev/null)
LDFLAGS  := -s -w -buildid= -X main.version=$(VERSION) -X main.revision=$(REVISION)

# The race detector needs a C compiler.
RACE ?= $(if $(shell command -v $(firstword $(shell $(GO) env CC)) 2>/dev/null),-race)

FUZZTIME ?= 1m

# Tools are built outside this module, so that they stay out of its go.mod.
TOOLS                := $(CURDIR)/bin/tools
GOLANGCI_LINT        := $(TOOLS)/golangci-lint-v2.15.0
GOVULNCHECK          := $(TOOLS)/govulncheck-v1.9.0
ACTIONLINT           := $(TOOLS)/actionlint-v1.7.12
HELM                 := $(TOOLS)/helm-v3.22.0
KIND                 := $(TOOLS)/kind-v0.33.0
GORELEASER           := $(TOOLS)/goreleaser-v2.16.0
LINTERS              := $(TOOLS)/linters

# What make image builds with, and the name it gives.
ENGINE ?= $(or $(shell command -v docker),$(shell command -v podman))
IMAGE  ?= litellm-reconciler:$(VERSION)

# What to measure: make bench BENCH_SIZES=10000,100000,1000000 takes more than an hour.
BENCH_SIZES       ?= 10000,100000
BENCH_WORKS       ?= nothing,few,missing,revoke,group,event
BENCH_PEERS       ?= ours,sql,loop,floor
BENCH_REPETITIONS ?= 5
BENCH_BUSY        ?= 3
BENCH_RESULTS     ?= docs/benchmarks.json
BENCH_FLAGS       ?=

.PHONY: help build test test-faults fuzz demo docs dashboard bench bench-docs bench-ci bench-plan bin/bench image cluster snapshot release-check fmt lint vuln tidy postgres prometheus helm clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  \1	/p' $(MAKEFILE_LIST) | expand -t 17

build: ## build bin/litellm-reconciler
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/litellm-reconciler ./cmd/litellm-reconciler

test: postgres prometheus helm ## run all tests
	$(GO) test $(RACE) -shuffle=on -timeout 10m ./...

test-faults: postgres ## kill, cut, hold and take away, and see that nothing is lost (minutes)
	$(GO) test $(RACE) -tags faults -count=1 -timeout 20m -parallel 8 ./internal/faults/...

# First each is compiled, which they would all do at once otherwise, each for itself.
fuzz: postgres ## run each fuzz test for FUZZTIME, all at once
	@for p in $$(grep -rl '^func Fuzz' --include='*_test.go' pkg | xargs -n 1 dirname | sort -u); do \
		$(GO) test -c -fuzz . -o /dev/null "./$$p" || exit 1; done
	@grep -ro '^func Fuzz[A-Za-z]*' --include='*_test.go' pkg | sed -E 's|^(.*)/[^/]*:func (.*)|./\1 \2 $(FUZZTIME)|' | \
		GO='$(GO)' xargs -P 99 -n 3 .ci/fuzz

demo: postgres build ## repair a database in the state of LiteLLM issue 27657, step by step
	$(GO) run ./internal/demo -binary bin/litellm-reconciler

docs: postgres ## write the references, and what the commands on the pages of docs print
	UPDATE_DOCS=1 $(GO) test -count=1 -run '^TestTheDocumentation' ./cmd/litellm-reconciler

dashboard: ## write the chart's Grafana dashboard as internal/observe describes it
	UPDATE_DOCS=1 $(GO) test -count=1 -run TestTheDashboard ./internal/observe

bench: postgres build bin/bench ## measure it against what one would use instead
	bin/bench run -version '$(VERSION)' -sizes $(BENCH_SIZES) -works $(BENCH_WORKS) -peers $(BENCH_PEERS) \
		-repetitions $(BENCH_REPETITIONS) -busy $(BENCH_BUSY) -results $(BENCH_RESULTS) $(BENCH_FLAGS)

bench-docs: bin/bench ## write docs/benchmarks.md from the results of make bench
	bin/bench docs -results $(BENCH_RESULTS) -out docs

# How long others wait is left out: that depends on the disk and the neighbours.
bench-ci: postgres build bin/bench ## measure a little, and fail where a ratio is worse than twice its target
	bin/bench run -version '$(VERSION)' -sizes 50000 -works nothing,few,missing -peers ours,sql,floor \
		-repetitions 3 -busy 0 -durable=false -starts 5 -results bin/bench-ci.json
	bin/bench check -results bin/bench-ci.json

bench-plan: ## measure decisions alone, for benchstat
	$(GO) test -run '^$$' -bench . -benchmem -count 10 ./pkg/plan

bin/bench:
	$(GO) build -o $@ ./internal/bench

image: ## build the container image, with docker or podman
	@test -n '$(ENGINE)' || { echo 'neither docker nor podman was found' >&2; exit 1; }
	$(ENGINE) $(if $(findstring docker,$(ENGINE)),buildx build --load,build) --tag '$(IMAGE)' \
		--build-arg VERSION='$(VERSION)' --build-arg REVISION='$(REVISION)' \
		--build-arg SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" .

# kind cannot load an image with attestations: kubernetes-sigs/kind issue 3795.
cluster: $(HELM) $(KIND) ## install the chart on a Kubernetes in docker, with kubectl
	BUILDX_NO_DEFAULT_ATTESTATIONS=1 $(MAKE) image IMAGE=litellm-reconciler:cluster
	.ci/cluster $(HELM) $(KIND) litellm-reconciler:cluster

snapshot: $(GORELEASER) ## build the archives of a release, for all platforms, into dist
	$(GORELEASER) release --snapshot --clean --skip=docker,sbom,sign

release-check: $(GORELEASER) ## check the configuration of releases
	$(GORELEASER) check

fmt: ## format the code
	gofmt -w $$(git ls-files '*.go')

lint: $(GOLANGCI_LINT) $(ACTIONLINT) $(LINTERS) ## check format, vet and lint
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) mod tidy -diff
	$(GOLANGCI_LINT) run
	$(GO) vet ./...
	PATH="$(LINTERS)/bin:$$PATH" $(ACTIONLINT)
	PATH="$(LINTERS)/bin:$$PATH" shellcheck $$(grep -lE '^#!.*sh$$' .ci/*)
	PATH="$(LINTERS)/bin:$$PATH" hadolint Dockerfile

vuln: $(GOVULNCHECK) ## look the dependencies up in the Go vulnerability database
	$(GOVULNCHECK) ./...

tidy: ## tidy go.mod
	$(GO) mod tidy

postgres:
	@./.ci/postgres

prometheus:
	@./.ci/prometheus

helm: $(HELM)

$(TOOLS)/golangci-lint-%:
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$*
	mv $(TOOLS)/golangci-lint $@

# Helm is large, and works for milliseconds: it is compiled in half the time without optimisation.
$(TOOLS)/helm-%:
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install -gcflags='all=-N -l' -ldflags '-s -w' helm.sh/helm/v3/cmd/helm@$*
	mv $(TOOLS)/helm $@

$(TOOLS)/kind-%:
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install sigs.k8s.io/kind@$*
	mv $(TOOLS)/kind $@

$(TOOLS)/govulncheck-%:
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install golang.org/x/vuln/cmd/govulncheck@$*
	mv $(TOOLS)/govulncheck $@

$(TOOLS)/actionlint-%:
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install github.com/rhysd/actionlint/cmd/actionlint@$*
	mv $(TOOLS)/actionlint $@

$(TOOLS)/goreleaser-%:
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install github.com/goreleaser/goreleaser/v2@$*
	mv $(TOOLS)/goreleaser $@

# They are not written in Go, and pip has them compiled, for most machines: in the versions, and with the hashes, of that file.
$(LINTERS): .ci/requirements.txt
	python3 -m venv --clear $@ && \
	$@/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --requirement $< && \
	touch $@ || { rm -rf $@; exit 1; }

clean: ## remove what was built
	rm -rf bin dist
