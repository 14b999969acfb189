# Builds, tests and shows swift-peft. Every target can be run again and works in a fresh clone.
#
# LIBTORCH=DIR uses an engine that is already there; otherwise scripts/bootstrap finds or fetches one.

SHELL := /bin/sh
PREFIX ?= /usr/local
export PKG_CONFIG_PATH := $(CURDIR)/.libtorch$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))

# Where the engine's libraries are found at run time; pkg-config files cannot say it to SwiftPM.
RPATH = -Xlinker -rpath -Xlinker "$$(scripts/bootstrap --lib)"
PROGRAM := .build/release/peft
SWIFT_SOURCES := Package.swift Sources Tests Examples

.PHONY: all build test demo format lint clean engine

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

format:
	@echo "formatting"
	@swift format --in-place --recursive $(SWIFT_SOURCES)

lint:
	@echo "checking the format"
	@swift format lint --strict --recursive $(SWIFT_SOURCES)

clean:
	rm -rf .build
