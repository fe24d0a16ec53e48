"""The WebAssembly engine, in a browser or in wasmtime."""
