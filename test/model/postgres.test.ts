import { itAgrees } from './run-sequences.ts'

// A real Redis too, as `openControl(` starts it.
itAgrees('postgres')
