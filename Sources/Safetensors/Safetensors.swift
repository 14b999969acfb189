// The safetensors file format: memory-mapped reading, streaming atomic writing, sharded indexes.
