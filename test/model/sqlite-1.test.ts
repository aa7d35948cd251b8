import { itAgrees } from './run-sequences.ts'

// A real Redis, as `openControl(` starts it. One of three files: they run beside each other.
itAgrees('sqlite', 1 / 3)
