# Builds, tests and shows swift-peft. Every target can be run again and works in a fresh clone.
#
# LIBTORCH=DIR uses an engine that is already there; otherwise scripts/bootstrap finds or fetches one.

SHELL := /bin/sh
PREFIX ?= /usr/local
export PKG_CONFIG_PATH := $(CURDIR)/.libtorch$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))

# Where the engine's libraries are found at run time; pkg-config files cannot say it to SwiftPM.
RPATH = -Xlinker -rpath -Xlinker "$$(scripts/bootstrap --lib)"
PROGRAM := .build/release/peft
SWIFT_SOURCES := Package.swift Sources Tests Examples Benchmarks

.PHONY: all build test demo bench bench-gradients bench-tokenizers parity parity-tokenizers fuzz-tokenizers format lint docs install clean engine

all: build

engine:
	@scripts/bootstrap

build: engine
	@echo "building $(PROGRAM)"
	@swift build -c release --product peft --static-swift-stdlib $(RPATH)

test: engine
	@echo "running the tests"
	@swift test --no-parallel $(RPATH)

demo: build
	@$(PROGRAM) demo

# Ours beside Hugging Face PEFT on the same work, one table; fetches the peers into .venv on the first run.
bench: build
	@echo "measuring against the peers"
	@"$$(Benchmarks/Peers/setup)" Benchmarks/Peers/compare.py $(BENCH_ARGUMENTS)

# Functions with a gradient of their own beside the compositions they stand for; BENCH_ARGUMENTS="bfloat16 2048".
bench-gradients: engine
	@echo "measuring custom gradients"
	@swift build -c release --product gradients --static-swift-stdlib $(RPATH)
	@.build/release/gradients $(BENCH_ARGUMENTS)

# Tokenizers beside Hugging Face's, speed of encoding and loading; BENCH_ARGUMENTS="--text FILE tokenizer.json ..." names
# what is measured.
bench-tokenizers: build
	@echo "measuring tokenizers"
	@"$$(Benchmarks/Peers/setup)" Benchmarks/Peers/compare_tokenizers.py $(BENCH_ARGUMENTS)

# Random trials in both directions; PARITY_ARGUMENTS="--trials 40 --seed 1" says how many.
parity: build
	@echo "comparing with Hugging Face PEFT"
	@scripts/parity $(PARITY_ARGUMENTS)

# Random strings through tokenizers; PARITY_ARGUMENTS="--strings 2000 tokenizer.json ..." says how many and which.
parity-tokenizers:
	@echo "comparing with Hugging Face tokenizers"
	@"$$(Benchmarks/Peers/setup)" scripts/parity-tokenizers $(PARITY_ARGUMENTS)

# Damaged tokenizer files and strange texts: nothing may crash, hang or be accepted that should not be.
# TOKENIZER_MUTATIONS=N says how many for each tokenizer.
fuzz-tokenizers: export TOKENIZER_MUTATIONS ?= 5000
fuzz-tokenizers:
	@echo "damaging tokenizers"
	@scripts/test-tokenizers TokenizersTests.MutationTests

format:
	@echo "formatting"
	@swift format --in-place --recursive $(SWIFT_SOURCES)

lint:
	@echo "checking the format"
	@swift format lint --strict --recursive $(SWIFT_SOURCES)

# Every public declaration, as pages below .build/docs.
docs: engine
	@echo "writing .build/docs"
	@scripts/document .build/docs

install: build
	@echo "installing below $(PREFIX)"
	@mkdir -p "$(PREFIX)/bin" "$(PREFIX)/share/swift-peft"
	@cp $(PROGRAM) "$(PREFIX)/bin/peft"
	@cp -R Sources/Demo/Resources/demo-model "$(PREFIX)/share/swift-peft/"

clean:
	rm -rf .build
