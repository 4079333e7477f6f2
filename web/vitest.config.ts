// Unit tests of the pure modules; what needs a browser is tested from Python (tests/web).
import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { include: ['test/**/*.test.ts'], environment: 'node' } })
